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

/** Files of ours that are bound over the image's. They live in the container's directory. */
export function writeFiles(
  ctx: Context,
  record: ContainerRecord,
  { hostname, network, owner, users, imageHosts }: ContainerFacts,
): { source: string; destination: string }[] {
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const taken = new Set(config.mounts.map((mount) => mount.destination));
  const files: { source: string; destination: string }[] = [];
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
  if (config.network.kind === "container") {
    const other = containerDirectory(ctx, config.network.id);
    for (const name of ["hosts", "resolv.conf"]) {
      const source = path.join(other, name);
      if (fs.existsSync(source)) files.push({ source, destination: `/etc/${name}` });
    }
  } else {
    const hostNetwork = config.network.kind === "host";
    if (!config.noHosts) {
      add(
        "hosts",
        "/etc/hosts",
        hostsFile({
          base: baseHosts(ctx, config.hostsFile, imageHosts),
          addHosts: config.addHosts,
          names: [hostname, record.name],
          addresses: network.addresses,
          hostAddress: network.hostAddress,
        }),
      );
    }
    const keepsImages = config.dns[0] === "none";
    if (!keepsImages && (config.network.kind !== "none" || config.dns.length > 0)) {
      add(
        "resolv.conf",
        "/etc/resolv.conf",
        resolvConf({
          base: readHost("/etc/resolv.conf"),
          dns: config.dns,
          dnsSearch: config.dnsSearch,
          dnsOptions: config.dnsOptions,
          resolvers: network.resolvers,
          onlyResolvers: network.onlyResolvers ?? false,
          search: network.search ?? [],
          hostNetwork,
          ipv6: network.ipv6,
        }),
      );
    }
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

function filesBelow(root: string, files: { source: string; destination: string }[]) {
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
