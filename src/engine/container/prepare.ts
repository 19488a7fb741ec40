import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import type { PassedFds } from "../../host/descriptors.ts";
import { readIdMap } from "../../host/facts.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../host/files.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { containerCommand } from "../../oci/container-command.ts";
import {
  containerHostname,
  containerIdMappings,
  generateSpec,
  type HostFacts,
  requestedUser,
} from "../../oci/generate-spec.ts";
import { joinHooks } from "../../oci/hooks.ts";
import { inPieces, isMapped } from "../../oci/id-mapping.ts";
import { type IdMapping, type Mount, type RuntimeSpec, serializeSpec } from "../../oci/runtime-spec.ts";
import { KEEP_GROUPS, type ResolvedUser, resolveUser } from "../../oci/user.ts";
import { writeEventSubject } from "../../runtime/event-log.ts";
import type { MonitorConfig } from "../../runtime/monitor.ts";
import { runDirectories, runtimeRoot } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { artifactMounts } from "./artifact-mounts.ts";
import { cgroupPlan, possibleLimits } from "./cgroup.ts";
import { addedUsers, hostsBase, readHost, writeFiles } from "./container-files.ts";
import { defaultMounts } from "./default-mounts.ts";
import { containerDevices, deviceNumbers } from "./devices.ts";
import { containerHooks } from "./hooks.ts";
import { hostFacts } from "./host-facts.ts";
import { joinedNamespaces } from "./joined-namespaces.ts";
import { monitorConfig } from "./monitor-config.ts";
import { requestedMounts } from "./mounts.ts";
import { prepareNetwork } from "./network.ts";
import { addNotifySocket } from "./notify.ts";
import { type Mappings, type Owner, parentOwner } from "./owner.ts";
import { imageFile, rootfsPath, userDatabases } from "./rootfs.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import { secretEnv, secretFiles } from "./secrets.ts";
import { addedHome, passwdWithNames, type UserDatabases } from "./user-files.ts";

export interface PreparedStart {
  /** With monitor.json and config.json. */
  directory: string;
  /** The user of the first process, as ids of the engine's own user namespace. */
  owner: Owner;
}

/** Writes monitor.json and config.json of a container that is about to start, and the files bound into it. */
export async function prepareStart(
  ctx: Context,
  record: ContainerRecord,
  fds: PassedFds,
): Promise<PreparedStart> {
  const { config } = record;
  const directory = containerDirectory(ctx, record.id);
  const host = hostFacts(ctx);
  const network = await prepareNetwork(ctx, record);
  ensureDirectory(runDirectories(ctx));
  ensureDirectory(runtimeRoot(ctx, record));
  const cgroup = cgroupPlan(ctx, record);
  const mappings = containerIdMappings(config, host);
  const { users, user } = await findUser(ctx, record, host, mappings);
  const cdi = await cdiParts(ctx, config, user);
  const hostname = containerHostname(config, record, os.hostname());
  const owner = parentOwner(mappings, user);
  const spec = generateSpec({
    id: record.id,
    config: config.init
      ? { ...config, initPath: config.initPath || path.join(ctx.binDir, "coracle-init") }
      : config,
    host,
    rootfs: rootfsPath(ctx, record),
    args: argumentsOf(record),
    user: cdi ? { ...user, additionalGids: [...user.additionalGids, ...cdi.groups] } : user,
    hostname,
    mounts: replacing(
      requestedMounts(ctx, record, user, mappings, await artifactMounts(ctx, record)),
      cdi?.mounts ?? [],
      ({ destination }) => destination,
    ),
    env: { ...secretEnv(ctx, record), ...cdi?.env },
    files: [
      ...defaultMounts(ctx, record, parentOwner(mappings, { uid: 0, gid: 0 })),
      ...secretFiles(ctx, record),
      ...writeFiles(ctx, record, {
        hostname,
        network,
        owner: parentOwner(mappings, { uid: 0, gid: 0 }),
        users: { ...users, user },
        imageHosts: hostsBase(ctx, config.hostsFile) === "image" ? await imageFile(ctx, record, "hosts") : "",
      }),
    ],
    devices: replacing(
      containerDevices(ctx, config),
      cdi?.devices ?? [],
      ({ containerPath }) => containerPath,
    ),
    deviceNumbers,
    ...joinedNamespaces(ctx, record),
    cgroupsPath: cgroup?.path ?? null,
    seccomp: seccompProfile(ctx, config.security),
  });
  if (spec.linux.resources) spec.linux.resources = possibleLimits(ctx, config, spec.linux.resources);
  splitMappings(spec);
  addNotifySocket(ctx, record, spec);
  // A bind of what the host doesn't have (a kernel without POSIX message queues) would keep the container from starting.
  spec.mounts = spec.mounts?.filter(({ source }) => source !== "/dev/mqueue" || fs.existsSync(source));
  Object.assign(spec.linux, cdi?.linux);
  const ofMachine = containerHooks(ctx, {
    annotations: config.annotations,
    command: spec.process.args[0] ?? "",
    hasBindMounts: config.mounts.some(({ type }) => type === "bind"),
  });
  const hooks = joinHooks(cdi?.hooks, ofMachine);
  if (hooks) spec.hooks = hooks;
  spec.process.env.push(...fds.env);
  const monitor: MonitorConfig = {
    ...monitorConfig(ctx, record, mappings, network.monitor, cgroup),
    preserveFds: fds.numbers,
    ...rootfsWorkdir(ctx, record, spec, owner),
    ...rootfsUsers(ctx, record, { ...users, user }),
    ...privileges(record, spec),
  };
  writeJsonAtomic(path.join(directory, "monitor.json"), monitor, { durable: false });
  writeFileAtomic(path.join(directory, "config.json"), serializeSpec(spec), { durable: false });
  writeEventSubject(ctx, record);
  return { directory, owner };
}

/** Whom the first process runs as, and where that is looked up. */
async function findUser(
  ctx: Context,
  record: ContainerRecord,
  host: HostFacts,
  mappings: Mappings,
): Promise<{ users: UserDatabases; user: ResolvedUser }> {
  const { config } = record;
  const users: UserDatabases = {
    ...(await userDatabases(ctx, record)),
    requested: requestedUser(config, host),
    caller: mappedCaller(config, host),
    workdir: config.workdir,
    hostUsers: config.hostUsers,
    host: (name) => readHost(`/etc/${name}`),
    mounts: config.mounts.map(({ destination }) => destination),
    passwdEntry: config.passwdEntry,
    groupEntry: config.groupEntry,
  };
  const asked = resolveUser(requestedUser(config, host), passwdWithNames(users), users.group, config.groups);
  // Who has no line in /etc/passwd gets one, with this home.
  if (asked.name === "" && users.passwd !== "") asked.home = addedHome({ ...users, user: asked });
  // Those that the image gives a user can't all be had with few ids; those of --group-add must be.
  const addsGroups = config.groups.some((group) => group !== KEEP_GROUPS);
  const user = addsGroups ? asked : withMappedGroups(asked, mappings, host);
  checkMapped(user, mappings, host);
  return { users, user };
}

async function cdiParts(ctx: Context, { cdiDevices: names }: ContainerConfig, user: ResolvedUser) {
  if (!names) return undefined;
  const { cdiDevices } = await import("./cdi.ts");
  return await cdiDevices(ctx, names, user);
}

/** A list in which others take the places that they are for. */
function replacing<T>(list: T[], others: T[], place: (one: T) => string): T[] {
  const taken = new Set(others.map(place));
  return [...list.filter((one) => !taken.has(place(one))), ...others];
}

/** What another runtime, or a hook, needs is not known. */
function privileges(
  { runtime }: ContainerRecord,
  { process, hooks }: RuntimeSpec,
): Pick<MonitorConfig, "privileges"> {
  if (runtime !== null || hooks) return {};
  const noNewPrivileges = process.noNewPrivileges ?? false;
  return { privileges: { capabilities: process.capabilities?.bounding ?? [], noNewPrivileges } };
}

function splitMappings({ linux }: RuntimeSpec): void {
  if (linux.uidMappings) linux.uidMappings = inPieces(linux.uidMappings, readIdMap("uid_map"));
  if (linux.gidMappings) linux.gidMappings = inPieces(linux.gidMappings, readIdMap("gid_map"));
}

/** The working directory for the monitor to look after; nothing where it lies on a mount, or a mount makes it. */
function rootfsWorkdir(
  ctx: Context,
  record: ContainerRecord,
  { mounts }: RuntimeSpec,
  owner: Owner,
): Pick<MonitorConfig, "workdir"> {
  const { workdir, createWorkdir } = record.config;
  const isNear = ({ destination }: Mount) =>
    `${workdir}/`.startsWith(`${destination}/`) || destination.startsWith(`${workdir}/`);
  if (mounts?.some(isNear)) return {};
  return { workdir: { root: rootfsPath(ctx, record), path: workdir, make: createWorkdir, ...owner } };
}

function rootfsUsers(
  ctx: Context,
  record: ContainerRecord,
  users: UserDatabases & { user: ResolvedUser },
): Pick<MonitorConfig, "users"> {
  const added = addedUsers(record.config, users);
  return Object.keys(added).length > 0 ? { users: { root: rootfsPath(ctx, record), ...added } } : {};
}

/** Whom --userns=keep-id makes of the caller: who is given another id, has no name with it, as in Podman. */
function mappedCaller({ userns }: ContainerConfig, host: HostFacts): UserDatabases["caller"] {
  if (userns.kind !== "keep-id" || userns.uid !== undefined || userns.gid !== undefined) return null;
  return { uid: host.uid, gid: host.gid, hostUid: host.uid, hostGid: host.gid };
}

function withMappedGroups(user: ResolvedUser, mappings: Mappings, host: HostFacts): ResolvedUser {
  const isThere = (gid: number) => hasId(gid, mappings?.gid, host.gidCount);
  return { ...user, additionalGids: user.additionalGids.filter(isThere) };
}

/** The kernel only says EINVAL or EPERM of an id that the user namespace doesn't have. */
function checkMapped(user: Owner, mappings: Mappings, host: HostFacts): void {
  const hasUid = hasId(user.uid, mappings?.uid, host.uidCount);
  if (hasUid && hasId(user.gid, mappings?.gid, host.gidCount)) return;
  if (mappings) {
    const [missing, mapping] = hasUid ? [`GID ${user.gid}`, mappings.gid] : [`UID ${user.uid}`, mappings.uid];
    throw new EngineError(
      "id-not-mapped",
      `container uses ID mappings (${goMappings(mapping)}), but doesn't map ${missing}`,
      { hint: "map it, or choose another user" },
    );
  }
  const count = Math.min(host.uidCount, host.gidCount);
  throw new EngineError(
    "id-not-mapped",
    `cannot run as ${user.uid}:${user.gid}: ${count === 1 ? "only one id is" : `only ${count} ids are`} mapped for this user`,
    {
      hint: "grant more in /etc/subuid and /etc/subgid, and have newuidmap installed; `coracle doctor` says how",
    },
  );
}

/** As Go prints them. */
function goMappings(mappings: readonly IdMapping[]): string {
  const hex = (id: number) => `0x${id.toString(16)}`;
  const texts = mappings.map(
    ({ containerID, hostID, size }) =>
      `specs.LinuxIDMapping{ContainerID:${hex(containerID)}, HostID:${hex(hostID)}, Size:${hex(size)}}`,
  );
  return `[]specs.LinuxIDMapping{${texts.join(", ")}}`;
}

/** Whether an id exists in a container: in its own user namespace, else in ours. */
function hasId(id: number, mapping: readonly IdMapping[] | undefined, count: number): boolean {
  return mapping ? isMapped(mapping, id) : id < count;
}

/** Some runtimes know what to do without a command; ours has nothing to run then. */
function argumentsOf({ config, runtime }: ContainerRecord): string[] {
  const args = containerCommand(config);
  if (args.length > 0 || runtime !== null || config.init) return args;
  throw new EngineError("no-command", "executable path not specified", {
    hint: "the image has no command: name one after it",
  });
}
