import { EngineError } from "../errors.ts";
import type { PortMapping } from "../oci/container.ts";

/** pasta(1) as Podman runs it. The namespace and the file for its pid are the monitor's to add. */

/** Where the container asks for names; pasta passes it on to the host's resolver, wherever that listens. */
const PASTA_RESOLVER = "169.254.1.1";

export interface Pasta {
  program: string;
  args: string[];
}

export function pasta(
  program: string | undefined,
  options: readonly string[],
  ports: readonly PortMapping[],
): Pasta {
  if (!program) {
    throw new EngineError("no-pasta", "could not find pasta, the network namespace can't be configured", {
      hint: "install it (`apt install passt`), or use another --network",
    });
  }
  return { program, args: pastaArguments(options, ports) };
}

/** The pure part: options are passed through, and nothing is forwarded but what is asked for. */
export function pastaArguments(options: readonly string[], ports: readonly PortMapping[]): string[] {
  // Not one of pasta's own: it stands for our leaving its opposite out.
  const given = options.filter((option) => option !== "--map-gw");
  const has = (...names: string[]) =>
    given.some((option) => names.some((name) => option === name || option.startsWith(`${name}=`)));
  const published = ports.flatMap((port) => {
    if (port.protocol === "sctp") {
      throw new EngineError("bad-port", "can't forward protocol: sctp", {
        hint: "pasta forwards tcp and udp",
      });
    }
    const address = port.hostIp === "" ? "" : `${port.hostIp}/`;
    return [port.protocol === "tcp" ? "-t" : "-u", `${address}${port.hostPort}:${port.containerPort}`];
  });
  const none = (short: string, long: string) =>
    has(short, long) || published.includes(short) ? [] : [short, "none"];
  return [
    "--config-net",
    ...given,
    ...published,
    ...(has("--dns-forward") ? [] : ["--dns-forward", PASTA_RESOLVER]),
    ...none("-t", "--tcp-ports"),
    ...none("-u", "--udp-ports"),
    ...none("-T", "--tcp-ns"),
    ...none("-U", "--udp-ns"),
    ...(options.includes("--map-gw") || has("--no-map-gw") ? [] : ["--no-map-gw"]),
    ...(has("-d", "--debug", "--trace", "-q", "--quiet") ? [] : ["--quiet"]),
  ];
}

/** The resolver of --dns-forward, where the options name another one. */
export function pastaResolver(options: readonly string[]): string {
  const at = options.indexOf("--dns-forward");
  if (at >= 0) return options[at + 1] ?? "";
  const joined = options.find((option) => option.startsWith("--dns-forward="));
  return joined?.slice("--dns-forward=".length) ?? PASTA_RESOLVER;
}

/** The address of -a, where the options name another one than the host's. */
export function pastaAddress(options: readonly string[]): string | undefined {
  for (const [index, option] of options.entries()) {
    if (option === "-a" || option === "--address") return options[index + 1];
    if (option.startsWith("--address=")) return option.slice("--address=".length);
  }
  return undefined;
}
