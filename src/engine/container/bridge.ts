import { type Context, ensureDirectory } from "../../host/context.ts";
import { bridgePrograms, bridgeSetup, DNS_DOMAIN } from "../../network/bridge.ts";
import { getNetwork } from "../../network/networks.ts";
import type { NetworkAttachment } from "../../oci/container.ts";
import { bridgesDirectory } from "../../runtime/places.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { type ContainerNetwork, containerSlirp } from "./container-network.ts";
import { takeLeases } from "./lease.ts";

/** The container's place on its bridges. To be called under its lock. */
export async function prepareBridge(
  ctx: Context,
  record: ContainerRecord,
  attachments: readonly NetworkAttachment[],
): Promise<Omit<ContainerNetwork, "ipv6" | "hostAddress">> {
  const connections = attachments.map((attachment) => ({
    attachment,
    network: getNetwork(ctx, attachment.name),
  }));
  const programs = bridgePrograms(ctx);
  const leases = await takeLeases(ctx, record, connections);
  const directory = bridgesDirectory(ctx);
  ensureDirectory(directory);
  const networks = connections.map(({ network }) => network);
  const { program, args, resolver } = containerSlirp(ctx, []);
  const addresses = networks.map(({ name }) => leases[name]?.addresses[0]?.ip ?? "");
  const named = networks.filter((network) => network.dns_enabled);
  const gateways = named.flatMap(({ subnets }) => subnets.flatMap(({ gateway }) => gateway ?? []));
  return {
    monitor: {
      mode: "bridge",
      program,
      args,
      // Without a network there is nowhere to forward to.
      ports: addresses[0] ? record.config.ports : [],
      address: addresses[0] ?? "",
      bridge: { directory, ...programs, ...bridgeSetup(record, networks, leases) },
    },
    addresses,
    // Without names of its own, as Podman 5: slirp4netns' resolver, which reaches the host's own loopback too, then the host's.
    resolvers: gateways.length > 0 ? gateways : [resolver],
    onlyResolvers: gateways.length > 0,
    search: gateways.length > 0 ? [DNS_DOMAIN] : [],
  };
}

/** Fails where one is not there. */
export function resolveNetworks(ctx: Context, attachments: readonly NetworkAttachment[]): void {
  for (const attachment of attachments) attachment.name = getNetwork(ctx, attachment.name).name;
}
