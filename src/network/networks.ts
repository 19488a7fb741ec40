import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { EngineError, isErrno, rephrase } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { isCorrupt, listDirectory, readJson, syncDirectory, writeJsonAtomic } from "../host/files.ts";
import { withLock } from "../host/lock.ts";
import { checkName } from "../oci/names.ts";
import { defaultNetwork, type NetworkRecord, type NetworkRequest, newNetwork } from "../oci/network.ts";
import { DEFAULT_NETWORK } from "../oci/network-flag.ts";
import { type Subnet, trySubnet } from "../oci/subnet.ts";
import { parsePool } from "../oci/subnet-pools.ts";

/** `networks/<name>.json`: the networks there are, a file each, as Podman keeps them. */

function networksDirectory(ctx: Context): string {
  checkBackend(ctx);
  const configured = ctx.options.networkDirectory ?? ctx.config.network.network_config_dir;
  return configured ? path.resolve(configured) : path.join(ctx.graphRoot, "networks");
}

function checkBackend({ config }: Context): void {
  const { network_backend: backend = "" } = config.network;
  if (backend === "" || backend === "netavark") return;
  throw new EngineError(
    "bad-config",
    `unsupported network backend "${backend}", check network_backend in containers.conf`,
    { hint: "netavark is the only one" },
  );
}

/** The network that is there without having been made. */
export function defaultNetworkName({ config }: Context): string {
  const name = config.network.default_network || DEFAULT_NETWORK;
  return checkName(name, `failed to create default network ${name}: network name ${name} invalid: `);
}

function networkFile(ctx: Context, name: string): string {
  return path.join(networksDirectory(ctx), `${name}.json`);
}

function networkNames(ctx: Context): string[] {
  return listDirectory(networksDirectory(ctx))
    .filter((file) => /^[a-zA-Z0-9].*\.json$/.test(file))
    .map((file) => file.slice(0, -".json".length));
}

/** By name. The default network is always there. */
export function listNetworks(ctx: Context): NetworkRecord[] {
  const names = networkNames(ctx);
  const networks = names.flatMap((name) => tryReadNetwork(ctx, name) ?? []);
  if (!names.includes(defaultNetworkName(ctx))) networks.push(unchangedDefault(ctx));
  return networks.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readNetwork(ctx: Context, name: string): NetworkRecord | undefined {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return undefined;
  const record = readJson<NetworkRecord>(networkFile(ctx, name), ["name", "id"]);
  if (record || name !== defaultNetworkName(ctx)) return record;
  return unchangedDefault(ctx);
}

/** A damaged one is left to `system check`. */
function tryReadNetwork(ctx: Context, name: string): NetworkRecord | undefined {
  try {
    return readNetwork(ctx, name);
  } catch (error) {
    if (isCorrupt(error)) return undefined;
    throw error;
  }
}

function unchangedDefault(ctx: Context): NetworkRecord {
  const { default_subnet: subnet } = ctx.config.network;
  try {
    return defaultNetwork(defaultNetworkName(ctx), new Date().toISOString(), subnet);
  } catch (error) {
    throw rephrase(error, { prefix: "failed to parse default subnet: " });
  }
}

/** By name, id, or the beginning of an id. */
export function findNetwork(ctx: Context, nameOrId: string): NetworkRecord | undefined {
  const named = readNetwork(ctx, nameOrId);
  // Nothing is the beginning of all, as for Podman.
  if (named || !/^[0-9a-f]*$/.test(nameOrId)) return named;
  const matches = listNetworks(ctx).filter(({ id }) => id.startsWith(nameOrId));
  if (matches.length > 1) {
    throw new EngineError("ambiguous-network", `more than one result for network ID ${nameOrId}`, {
      hint: "give more digits of the id",
    });
  }
  return matches[0];
}

export function getNetwork(ctx: Context, nameOrId: string): NetworkRecord {
  const network = findNetwork(ctx, nameOrId);
  if (network) return network;
  throw new EngineError(
    "no-such-network",
    `unable to find network with name or ID ${nameOrId}: network not found`,
    { hint: "`coracle network ls` lists all networks" },
  );
}

/** Undefined with `ignore` and one of that name that is there. */
export async function createNetwork(
  ctx: Context,
  request: NetworkRequest,
  { ignore }: { ignore: boolean },
): Promise<NetworkRecord | undefined> {
  return await withLock(ctx, "network", () => {
    if (ignore && request.name !== "" && readNetwork(ctx, request.name)) return undefined;
    const record = newNetwork(request, {
      networks: listNetworks(ctx),
      ...hostSurroundings(),
      pools: ctx.config.network.default_subnet_pools?.map(parsePool),
      now: new Date().toISOString(),
    });
    writeNetwork(ctx, record);
    return record;
  });
}

function writeNetwork(ctx: Context, record: NetworkRecord): void {
  ensureDirectory(networksDirectory(ctx));
  writeJsonAtomic(networkFile(ctx, record.name), record);
}

/** Changes a network's record; the default one becomes a file then. */
export async function changeNetwork(
  ctx: Context,
  name: string,
  change: (record: NetworkRecord) => NetworkRecord,
): Promise<NetworkRecord> {
  return await withLock(ctx, "network", () => {
    const changed = change(getNetwork(ctx, name));
    writeNetwork(ctx, changed);
    return changed;
  });
}

/** Unless `users` has any, which is asked under the lock. */
export async function removeNetwork(ctx: Context, name: string, users: () => string[]): Promise<void> {
  await withLock(ctx, "network", () => {
    getNetwork(ctx, name);
    if (users().length > 0) {
      throw new EngineError(
        "network-in-use",
        `"${name}" has associated containers with it. Use -f to forcibly delete containers and pods: network is being used`,
        { exitCode: 2 },
      );
    }
    fs.rmSync(networkFile(ctx, name), { force: true });
    syncDirectory(networksDirectory(ctx));
  });
}

export function damagedNetworks(ctx: Context): { id: string; what: string }[] {
  return networkNames(ctx).flatMap((id) => {
    try {
      readNetwork(ctx, id);
      return [];
    } catch (error) {
      return [{ id, what: (error as Error).message }];
    }
  });
}

export async function dropDamagedNetwork(ctx: Context, name: string): Promise<void> {
  await withLock(ctx, "network", () => fs.rmSync(networkFile(ctx, name), { recursive: true, force: true }));
}

/** What a new network must keep clear of. */
function hostSurroundings(): { hostSubnets: Subnet[]; hostInterfaces: string[] } {
  const interfaces = os.networkInterfaces();
  const own = Object.values(interfaces).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ cidr, scopeid }) => (cidr && !scopeid ? (trySubnet(cidr) ?? []) : [])),
  );
  return { hostSubnets: [...own, ...routes()], hostInterfaces: Object.keys(interfaces) };
}

/** Networks that the host has a route to, the default route aside. */
function routes(): Subnet[] {
  let table: string;
  try {
    table = fs.readFileSync("/proc/net/route", "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES")) return [];
    throw error;
  }
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const fields = line.split("\t");
      const base = littleEndian(fields[1]);
      const mask = littleEndian(fields[7]);
      if (base === undefined || mask === undefined || mask === 0n) return [];
      return [{ version: 4 as const, base, bits: mask.toString(2).replaceAll("0", "").length }];
    });
}

function littleEndian(text: string | undefined): bigint | undefined {
  const bytes = text?.match(/^[0-9A-F]{8}$/) ? text.match(/../g) : null;
  return bytes ? BigInt(`0x${bytes.reverse().join("")}`) : undefined;
}
