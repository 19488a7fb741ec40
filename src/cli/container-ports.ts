import type { PortMapping } from "../oci/container.ts";

/** How `ps` shows ports. */

/** Ports that follow each other, on the host as in the container. */
interface Run {
  hostIp: string;
  hostPort: number;
  port: number;
  count: number;
  protocol: string;
}

/** `0.0.0.0:8080->80/tcp`, runs of ports as `0.0.0.0:8080-8082->80-82/tcp`, and those only exposed as `90/tcp`. */
export function portsText(published: readonly PortMapping[], exposed: readonly string[] = []): string {
  const taken = new Set(published.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const rest = exposed
    .map(parseExposedPort)
    .filter(({ port, protocol }) => !taken.has(`${port}/${protocol}`));
  return [
    ...publishedRuns(published).map(({ hostIp, hostPort, port, count, protocol }) => {
      const ip = hostIp || "0.0.0.0";
      const host = `${ip.includes(":") ? `[${ip}]` : ip}:${range(hostPort, count)}`;
      return `${host}->${range(port, count)}/${protocol}`;
    }),
    ...runsOf(rest).map(({ port, count, protocol }) => `${range(port, count)}/${protocol}`),
  ].join(", ");
}

export function publishedRuns(published: readonly PortMapping[]): Run[] {
  return runsOf(published.map(({ containerPort, ...port }) => ({ ...port, port: containerPort, count: 1 })));
}

/** `{"80": ["tcp"]}`, null where nothing is exposed. */
export function exposedByPort(exposed: readonly string[]): Record<string, string[]> | null {
  if (exposed.length === 0) return null;
  const ports: Record<string, string[]> = {};
  for (const { port, protocol } of exposed.map(parseExposedPort)) {
    ports[port] = [...(ports[port] ?? []), protocol];
  }
  return ports;
}

function parseExposedPort(text: string): Run {
  const [port, protocol = "tcp"] = text.split("/");
  return { hostIp: "", hostPort: Number(port), port: Number(port), count: 1, protocol };
}

function range(start: number, count: number): string {
  return count === 1 ? `${start}` : `${start}-${start + count - 1}`;
}

function runsOf(ports: Run[]): Run[] {
  const sorted = [...ports].sort((a, b) => a.protocol.localeCompare(b.protocol) || a.port - b.port);
  const runs: Run[] = [];
  for (const port of sorted) {
    const run = runs.at(-1);
    const follows =
      run &&
      run.hostIp === port.hostIp &&
      run.protocol === port.protocol &&
      run.port + run.count === port.port &&
      run.hostPort + run.count === port.hostPort;
    if (follows) run.count++;
    else runs.push({ ...port });
  }
  return runs;
}
