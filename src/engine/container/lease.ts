import * as path from "node:path";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { listDirectory, readJson, writeJsonAtomic } from "../../host/files.ts";
import { isLocked, withLock } from "../../host/lock.ts";
import type { NetworkAttachment } from "../../oci/container.ts";
import { freeInterface, type Lease, leaseAddresses, macOf, networkAliases } from "../../oci/lease.ts";
import type { NetworkRecord } from "../../oci/network.ts";
import { runDirectories, runDirectory } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";

/**
 * `containers/<id>/network.json`: the addresses that a container has of each of its networks. They count only as long as
 * its monitor lives, or the command that starts it: nothing has to be given back.
 */
type Leases = Record<string, Lease>;

function leaseFile(ctx: Context, id: string): string {
  return path.join(containerDirectory(ctx, id), "network.json");
}

function readLeases(ctx: Context, id: string): Leases {
  try {
    return readJson<Leases>(leaseFile(ctx, id)) ?? {};
  } catch {
    return {}; // cut off by a power cut, which has ended the container as well
  }
}

/** Those of a container that runs. */
export function activeLeases(ctx: Context, id: string): Leases {
  return isActive(readStatus(ctx, id).state) ? readLeases(ctx, id) : {};
}

/** Addresses for all of a container's networks; what it has already, while it runs, it keeps. To be called under its lock. */
export async function takeLeases(
  ctx: Context,
  record: ContainerRecord,
  connections: readonly { network: NetworkRecord; attachment: NetworkAttachment }[],
): Promise<Leases> {
  const { id } = record;
  return await withLock(ctx, "addresses", () => {
    // By this the others see us.
    ensureDirectory(runDirectory(ctx, id));
    const before = activeLeases(ctx, id);
    const others = leasesOfOthers(ctx, id);
    const leases: Leases = {};
    // interface_name = "device" of containers.conf.
    const ownName = ({ network_interface: device }: NetworkRecord, taken: ReadonlySet<string>) =>
      ctx.config.containers.interface_name === "device" && device ? device : freeInterface(taken);
    for (const { network, attachment } of connections) {
      const had = before[network.name];
      const aliases = networkAliases(record, attachment);
      const used = new Map(
        others.flatMap(({ owner, leases: theirs }) =>
          (theirs[network.name]?.addresses ?? []).map(({ ip }) => [ip, owner] as const),
        ),
      );
      const addresses = had?.addresses ?? leaseAddresses(network, attachment, used);
      const taken = new Set([
        ...Object.values(leases).map(({ interfaceName }) => interfaceName),
        ...Object.values(before).map(({ interfaceName }) => interfaceName),
        ...connections.map((one) => one.attachment.interfaceName),
      ]);
      leases[network.name] = {
        addresses,
        mac: had?.mac ?? (attachment.mac || macOf(addresses[0]?.ip ?? "")),
        interfaceName: had?.interfaceName ?? (attachment.interfaceName || ownName(network, taken)),
        aliases,
      };
    }
    writeJsonAtomic(leaseFile(ctx, id), leases, { durable: false });
    return leases;
  });
}

function leasesOfOthers(ctx: Context, id: string): { owner: string; leases: Leases }[] {
  return listDirectory(runDirectories(ctx))
    .filter((other) => other !== id && !other.startsWith("."))
    .filter((other) => isActive(readStatus(ctx, other).state) || isLocked(ctx, `container/${other}`))
    .map((owner) => ({ owner, leases: readLeases(ctx, owner) }));
}
