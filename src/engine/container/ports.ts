import * as net from "node:net";
import type { PortMapping } from "../../oci/container.ts";

/** Gives every published port without a host port a free one. */
export async function choosePorts(ports: PortMapping[]): Promise<PortMapping[]> {
  const chosen: PortMapping[] = [];
  const taken = new Set(ports.map((port) => port.hostPort));
  for (const port of ports) {
    let hostPort = port.hostPort;
    while (hostPort === 0 || (port.hostPort === 0 && taken.has(hostPort)))
      hostPort = await freePort(port.hostIp);
    taken.add(hostPort);
    chosen.push({ ...port, hostPort });
  }
  return chosen;
}

/** A port that nobody listens on right now; the kernel chooses. */
function freePort(hostIp: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen({ host: hostIp || "0.0.0.0", port: 0, exclusive: true }, () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
