import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { version } from "../../host/version.ts";
import { hostsFile, resolvConf } from "../../network/files.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import type { ResolvedUser } from "../../oci/user.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import type { ContainerNetwork } from "./container-network.ts";
import type { Owner } from "./owner.ts";
import { timezoneFile } from "./timezone.ts";
import { type UserDatabases, userFiles } from "./user-files.ts";

/** What the files depend on beside the container's record. */
export interface ContainerFacts {
  hostname: string;
  network: ContainerNetwork;
  /** The container's root, as ids of our namespace. */
  owner: Owner;
  users: UserDatabases & { user: ResolvedUser };
  /** Text of the image's /etc/hosts, where it is asked for. */
  imageHosts: string;
}

interface FileMount {
  source: string;
  destination: string;
}

/** Files of ours that are bound over the image's. They live in the container's directory. */
export function writeFiles(ctx: Context, record: ContainerRecord, facts: ContainerFacts): FileMount[] {
  const { config } = record;
  const { hostname, owner, users } = facts;
  const directory = containerDirectory(ctx, record.id);
  const taken = new Set(config.mounts.map((mount) => mount.destination));
  const files: FileMount[] = [];
  const add = (name: string, destination: string, text: string | Buffer) => {
    if (taken.has(destination)) return;
    const source = path.join(directory, name);
    // Anew, as a umask and the last start's owner would stay.
    fs.rmSync(source, { force: true });
    fs.writeFileSync(source, text);
    fs.chmodSync(source, 0o644);
    if (owner.uid !== 0 || owner.gid !== 0) fs.chownSync(source, owner.uid, owner.gid);
    files.push({ source, destination });
  };
  if (config.network.kind === "container") files.push(...networkFilesOf(ctx, config.network.id));
  else {
    const { hosts, resolv } = networkFiles(ctx, record, facts);
    if (hosts !== undefined) add("hosts", "/etc/hosts", hosts);
    if (resolv !== undefined) add("resolv.conf", "/etc/resolv.conf", resolv);
  }
  if (!config.noHostname) add("hostname", "/etc/hostname", `${hostname}\n`);
  // It would be made in a directory of the host's.
  if (!config.mounts.some(({ type, destination }) => type === "bind" && destination === "/run")) {
    add("containerenv", "/run/.containerenv", containerEnv(ctx, record));
  }
  if (config.timezone) add("localtime", "/etc/localtime", fs.readFileSync(timezoneFile(config.timezone)));
  if (bindsUsers(config)) {
    const { passwd, group } = userFiles(users);
    if (passwd !== null) add("passwd", "/etc/passwd", passwd);
    if (group !== null) add("group", "/etc/group", group);
  }
  return [...files, ...(config.chrootDirs ?? []).flatMap((root) => filesBelow(root, files))];
}

/** Of the container whose network is shared, as far as it has them. */
function networkFilesOf(ctx: Context, id: string): FileMount[] {
  return ["hosts", "resolv.conf"]
    .map((name) => ({
      source: path.join(containerDirectory(ctx, id), name),
      destination: `/etc/${name}`,
    }))
    .filter(({ source }) => fs.existsSync(source));
}

/** Texts of /etc/hosts and /etc/resolv.conf; undefined where the image's own stay. */
function networkFiles(
  ctx: Context,
  { config, name }: ContainerRecord,
  { hostname, network, imageHosts }: ContainerFacts,
): { hosts: string | undefined; resolv: string | undefined } {
  const keepsResolv = config.dns[0] === "none" || (config.network.kind === "none" && config.dns.length === 0);
  return {
    hosts: config.noHosts
      ? undefined
      : hostsFile({
          base: baseHosts(ctx, config.hostsFile, imageHosts),
          addHosts: config.addHosts,
          names: [hostname, name],
          addresses: network.addresses,
          hostAddress: network.hostAddress,
        }),
    resolv: keepsResolv
      ? undefined
      : resolvConf({
          base: readHost("/etc/resolv.conf"),
          dns: config.dns,
          dnsSearch: config.dnsSearch,
          dnsOptions: config.dnsOptions,
          resolvers: network.resolvers,
          onlyResolvers: network.onlyResolvers ?? false,
          search: network.search ?? [],
          hostNetwork: config.network.kind === "host",
          ipv6: network.ipv6,
        }),
  };
}

/** Where the container's own files can't be written, or wouldn't be seen. */
function bindsUsers({ passwd, readOnly, mounts }: ContainerConfig): boolean {
  return passwd && (readOnly || mounts.some(({ destination }) => destination === "/etc"));
}

/** Lines for the container's own /etc/passwd and /etc/group, which the monitor writes there. */
export function addedUsers(
  config: ContainerConfig,
  users: UserDatabases & { user: ResolvedUser },
): { passwd?: string; group?: string } {
  if (!config.passwd || bindsUsers(config)) return {};
  const files = userFiles(users);
  const added: { passwd?: string; group?: string } = {};
  for (const name of ["passwd", "group"] as const) {
    if (files[name] === null || users.mounts.includes(`/etc/${name}`)) continue;
    added[name] = files[name].slice(users[name].length);
  }
  return added;
}

function filesBelow(root: string, files: readonly FileMount[]): FileMount[] {
  return files.map(({ source, destination }) => ({
    source,
    destination: path.posix.join(root, destination),
  }));
}

/** What /etc/hosts begins with: the flag says, else the configuration, else it is the host's. */
function baseHosts(ctx: Context, flag: string | undefined, imageHosts: string): string {
  const chosen = hostsBase(ctx, flag);
  if (chosen === "none") return "";
  if (chosen === "image") return imageHosts;
  try {
    return fs.readFileSync(chosen, "utf8");
  } catch (cause) {
    if (chosen === HOST_HOSTS) return "";
    throw new EngineError(
      "no-such-source",
      `failed to create new hosts file: open ${chosen}: ${reasonOf(cause)}`,
      {
        hint: "name a file that exists, `none` or `image`",
        exitCode: 127,
        cause,
      },
    );
  }
}

const HOST_HOSTS = "/etc/hosts";

export function hostsBase(ctx: Context, flag: string | undefined): string {
  return flag || ctx.config.containers.base_hosts_file || HOST_HOSTS;
}

function containerEnv({ graphRoot }: Context, record: ContainerRecord): string {
  const isShown = record.config.mounts.some(
    ({ type, source }) => type === "bind" && `${graphRoot}/`.startsWith(source.replace(/\/*$/, "/")),
  );
  const shown = isShown ? "graphRootMounted=1" : "";
  if (!record.config.privileged) return shown;
  const { image } = record.config;
  return [
    `engine="coracle-${version}"`,
    `name="${record.name}"`,
    `id="${record.id}"`,
    `image="${image?.name ?? ""}"`,
    `imageid="${image?.id ?? ""}"`,
    "rootless=1",
    shown,
  ].join("\n");
}

/** Text of a file of the host, "" where we have none. */
export function readHost(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES")) return "";
    throw error;
  }
}
