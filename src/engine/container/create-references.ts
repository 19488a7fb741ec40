import * as fs from "node:fs";
import { EngineError, reasonOf, rephrase } from "../../errors.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import type { ContainerConfig, MountRequest } from "../../oci/container.ts";
import { inheritedMounts, parseVolumesFrom } from "../../oci/mounts.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
import { findImage, layerKeys } from "../../storage/images.ts";

/** What a new container names: other containers, images, files of the host. They are what the names stand for now. */

const joinable = {
  net: "network",
  pid: "pid",
  ipc: "ipc",
  uts: "uts",
  cgroup: "cgroupns",
  user: "userns",
} as const;

export function resolveContainers(ctx: Context, config: ContainerConfig): void {
  for (const [name, key] of Object.entries(joinable)) {
    const mode = config[key];
    if (mode.kind !== "container") continue;
    const { id, config: other } = named(ctx, mode.id, `looking up container to share ${name} namespace with`);
    if (name === "ipc" && (other.ipc.kind === "private" || other.ipc.kind === "none")) {
      throw new EngineError(
        "not-shareable",
        `joining IPC of container ${id} is not allowed: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      );
    }
    mode.id = id;
    // An ordinary user can't enter the host's namespaces, but has them already.
    if (key !== "userns" && other[key].kind === "host" && !isRealRoot(ctx)) config[key] = { kind: "host" };
  }
  config.requires &&= config.requires.map(
    (name) => named(ctx, name, `"${name}" is not a valid container, cannot be used as a dependency`).id,
  );
}

/** `ns:PATH` names a file that is there. */
export function checkNamespacePaths(config: ContainerConfig): void {
  const modes = {
    network: config.network,
    PID: config.pid,
    IPC: config.ipc,
    UTS: config.uts,
    cgroup: config.cgroupns,
    user: config.userns,
  };
  for (const [name, mode] of Object.entries(modes)) {
    if (mode.kind !== "ns") continue;
    try {
      fs.accessSync(mode.path);
    } catch (error) {
      throw new EngineError(
        "no-such-namespace",
        `cannot find specified ${name} namespace path: faccessat ${mode.path}: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }
}

/** With what --volumes-from takes over; mounts that were asked for themselves come first. */
export function withInheritedMounts(ctx: Context, config: ContainerConfig): ContainerConfig {
  const mounts = new Map<string, MountRequest>();
  const asked = new Set(config.mounts.map(({ destination }) => destination));
  for (const text of config.volumesFrom) {
    const { container, access } = parseVolumesFrom(text);
    const owner = named(ctx, container, `looking up container "${container}" for volumes-from`);
    for (const mount of inheritedMounts(owner.config.mounts, access)) {
      const { type, destination } = mount;
      const other = mounts.get(destination);
      if (other && other.type !== type && !asked.has(destination)) throw conflict(destination);
      mounts.set(destination, mount);
    }
  }
  for (const destination of asked) mounts.delete(destination);
  return { ...config, mounts: [...config.mounts, ...mounts.values()] };
}

function conflict(destination: string): EngineError {
  return new EngineError(
    "invalid-argument",
    `conflict at mount destination ${destination}: duplicate mount destination`,
    { hint: "two of the containers have something else there; --mount or -v says what this one is to have" },
  );
}

function named(ctx: Context, nameOrId: string, purpose: string): ContainerRecord {
  try {
    return findRecord(ctx, nameOrId);
  } catch (error) {
    throw rephrase(error, { prefix: `${purpose}: `, exitCode: 125 });
  }
}

export function resolveImages(ctx: Context, mounts: MountRequest[]): void {
  for (const mount of mounts) {
    if (mount.type !== "image") continue;
    const image = findImage(ctx, mount.source);
    if (!image) {
      throw new EngineError(
        "image-not-known",
        `creating image volume ${JSON.stringify(mount.source)}:${JSON.stringify(mount.destination)}: ${mount.source}: image not known`,
        { hint: `\`coracle pull ${mount.source}\` fetches one` },
      );
    }
    mount.image = { id: image.id, layers: layerKeys(image) };
  }
}

export function checkSources({ rootfs, mounts }: ContainerConfig): void {
  if (rootfs !== null && !fs.existsSync(rootfs)) {
    throw new EngineError(
      "no-such-rootfs",
      `running container create option: stat ${rootfs}: no such file or directory`,
      { hint: "with --rootfs the first argument is the directory of a root file system" },
    );
  }
  for (const mount of mounts) {
    // With `no-dereference` a link is mounted as it is, wherever it leads.
    const isThere = mount.options.includes("copy-symlink")
      ? fs.lstatSync(mount.source, { throwIfNoEntry: false })
      : fs.existsSync(mount.source);
    // What a container writes beside is looked for when it starts (overlays.ts).
    if (mount.type === "bind" && !mount.overlay && !isThere) {
      throw new EngineError("no-such-source", `statfs ${mount.source}: no such file or directory`, {
        hint: "make the directory first; a bind mount's source must exist",
      });
    }
  }
}
