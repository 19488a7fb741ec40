import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { findHelper, findProgram } from "../host/programs.ts";
import { runProgram } from "../host/spawn.ts";
import type { Lease } from "../oci/lease.ts";
import type { NetworkRecord } from "../oci/network.ts";

/** What netavark(1) is to do for a container, and what has to be true then. Pure but for finding the programs. */

/** In which names of containers are. */
export const DNS_DOMAIN = "dns.podman";

export interface BridgedContainer {
  id: string;
  name: string;
}

export interface BridgeSetup {
  setup: object;
  resolve: { server: string; name: string; address: string }[];
}

export function bridgeSetup(
  container: BridgedContainer,
  networks: readonly NetworkRecord[],
  leases: Readonly<Record<string, Lease>>,
): BridgeSetup {
  const connected = networks.map((network) => ({ network, lease: leases[network.name] as Lease }));
  const options = connected.map(({ network, lease }) => [
    network.name,
    {
      static_ips: lease.addresses.map(({ ip }) => ip),
      static_mac: lease.mac,
      interface_name: lease.interfaceName,
      aliases: lease.aliases,
    },
  ]);
  return {
    setup: {
      container_id: container.id,
      container_name: container.name,
      port_mappings: [],
      networks: Object.fromEntries(options),
      network_info: Object.fromEntries(networks.map((network) => [network.name, network])),
    },
    // Of the names of a container all are told at once; its short id is spelled as aardvark-dns wants it.
    resolve: connected.flatMap(({ network, lease }) => {
      const [first] = lease.addresses;
      if (!network.dns_enabled || !first?.gateway) return [];
      return [
        { server: first.gateway, name: `${container.id.slice(0, 12)}.${DNS_DOMAIN}`, address: first.ip },
      ];
    }),
  };
}

/** Refuses what an older netavark would pass over without a word. */
export function requireNetavark(ctx: Context, minor: number, what: string): void {
  const { stdout } = runProgram(bridgePrograms(ctx).netavark, ["--version"]);
  const match = /(\d+)\.(\d+)/.exec(stdout);
  if (match && (Number(match[1]) > 1 || Number(match[2]) >= minor)) return;
  throw new EngineError(
    "not-supported",
    `${what} is not supported by ${stdout.trim() || "this netavark"}: it needs 1.${minor} or later`,
  );
}

export function bridgePrograms(ctx: Context): { netavark: string; aardvark: string } {
  needed("iptables", findProgram("iptables")); // netavark runs it, and doesn't depend on it in Debian
  return {
    netavark: needed("netavark", findHelper(ctx, "netavark", { onPath: false })),
    aardvark: needed("aardvark-dns", findHelper(ctx, "aardvark-dns", { onPath: true })),
  };
}

function needed(name: string, program: string | undefined): string {
  if (program) return program;
  throw new EngineError(
    "no-netavark",
    `could not find ${JSON.stringify(name)}, networks of several containers can't be set up`,
    {
      hint: "install it (`apt install netavark aardvark-dns iptables`), set helper_binaries_dir in containers.conf, or use --network slirp4netns, pasta, none or host",
    },
  );
}
