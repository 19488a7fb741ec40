import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { readWholeJson, writeJsonAtomic } from "../../host/files.ts";
import { withLock } from "../../host/lock.ts";
import { withAddresses, withResolvers } from "../../network/files.ts";
import { getNetwork } from "../../network/networks.ts";
import type { NetworkAttachment } from "../../oci/container.ts";
import { publishesPorts } from "../../oci/network-flag.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import type { MonitorConfig } from "../../runtime/monitor.ts";
import {
  type ContainerRecord,
  containerDirectory,
  findRecord,
  listRecords,
  rewriteRecord,
} from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { prepareBridge } from "../container/bridge.ts";
import type { ContainerNetwork } from "../container/container-network.ts";
import { sweep } from "../container/heal.ts";

export type Connection = Omit<NetworkAttachment, "name">;

/** Connects a container to one more network: at once where it runs. */
export async function connectNetwork(
  ctx: Context,
  network: string,
  container: string,
  connection: Connection,
): Promise<void> {
  const record = findRecord(ctx, container);
  bridgesOf(record);
  const { name } = getNetwork(ctx, network);
  await change(ctx, record.id, name, "connect", (attachments) => {
    if (attachments.some((one) => one.name === name)) return attachments;
    return [...attachments, { name, ...connection }];
  });
}

/** With `force` a container of another kind of network is left as it is. */
export async function disconnectNetwork(
  ctx: Context,
  network: string,
  container: string,
  options: { force: boolean },
): Promise<void> {
  const { id } = findRecord(ctx, container);
  const { name } = getNetwork(ctx, network);
  await change(ctx, id, name, "disconnect", (attachments, record) => {
    const left = attachments.filter((one) => one.name !== name);
    if (left.length < attachments.length || options.force) return left;
    throw new EngineError("not-connected", `container ${record.name} is not connected to network ${name}`, {
      hint: `\`coracle inspect ${record.name}\` shows its networks`,
    });
  });
}

/** Makes the networks of a running container anew. Returns its id. */
export async function reloadNetworks(ctx: Context, container: string): Promise<string> {
  await sweep(ctx);
  const { id } = findRecord(ctx, container);
  await withLock(ctx, `container/${id}`, async () => {
    const record = findRecord(ctx, id);
    const attachments = bridgesOf(record);
    if (isActive(readStatus(ctx, id).state)) await apply(ctx, record, attachments, true);
  });
  return id;
}

async function change(
  ctx: Context,
  container: string,
  network: string,
  verb: "connect" | "disconnect",
  changed: (attachments: NetworkAttachment[], record: ContainerRecord) => NetworkAttachment[],
): Promise<void> {
  await sweep(ctx);
  const { id } = findRecord(ctx, container);
  await withLock(ctx, `container/${id}`, async () => {
    const old = findRecord(ctx, id);
    const before = bridgesOf(old);
    const networks = changed(before, old);
    if (networks === before) return;
    const record = { ...old, config: { ...old.config, network: { kind: "bridge" as const, networks } } };
    rewriteRecord(ctx, record);
    // The other half of the protocol of `network rm`: it looks for containers under its lock.
    try {
      if (verb === "connect") getNetwork(ctx, network);
      if (isActive(readStatus(ctx, id).state)) await apply(ctx, record, networks, false);
    } catch (error) {
      rewriteRecord(ctx, old);
      throw error;
    }
    recordEvent(ctx, { Type: "network", Status: verb, ID: id, Name: network, Network: network });
  });
}

function bridgesOf({ config: { network } }: ContainerRecord): NetworkAttachment[] {
  if (network.kind === "bridge") return network.networks;
  // Podman keeps no mode of those without a network of their own.
  const mode = publishesPorts(network) ? network.kind : "";
  throw new EngineError("bad-network", `"${mode}" is not supported: invalid network mode`, {
    hint: "only containers made with --network bridge or the name of a network can be connected to others",
  });
}

/** What the monitor of a running container goes by, and the files in the container that tell of its networks. */
async function apply(
  ctx: Context,
  record: ContainerRecord,
  attachments: NetworkAttachment[],
  anew: boolean,
): Promise<void> {
  const directory = containerDirectory(ctx, record.id);
  const file = path.join(directory, "monitor.json");
  const monitor = readWholeJson<MonitorConfig>(file);
  const before = monitor?.network;
  const network = await prepareBridge(ctx, record, attachments);
  writeJsonAtomic(file, { ...monitor, network: network.monitor }, { durable: false });
  const { last } = readStatus(ctx, record.id);
  const connection = last?.socket ? await MonitorConnection.open(last.socket) : undefined;
  try {
    await connection?.changeNetworks(anew);
  } catch (error) {
    writeJsonAtomic(file, { ...monitor, network: before }, { durable: false });
    throw error;
  } finally {
    connection?.close();
  }
  rewriteFiles(record, directory, network);
}

/** In their places: they are bound into the container. */
function rewriteFiles(
  { config, name }: ContainerRecord,
  directory: string,
  network: Pick<ContainerNetwork, "addresses" | "resolvers" | "search">,
): void {
  const rewrite = (file: string, text: (before: string) => string) => {
    const at = path.join(directory, file);
    if (fs.existsSync(at)) fs.writeFileSync(at, text(fs.readFileSync(at, "utf8")));
  };
  rewrite("hosts", (text) => withAddresses(text, [config.hostname, name], network.addresses));
  if (config.dns.length > 0) return;
  rewrite("resolv.conf", (text) => withResolvers(text, network.resolvers, network.search ?? []));
}

/** The running containers that are on bridges. */
export function reloadable(ctx: Context): string[] {
  return listRecords(ctx)
    .filter(({ id, config }) => config.network.kind === "bridge" && isActive(readStatus(ctx, id).state))
    .map(({ id }) => id);
}
