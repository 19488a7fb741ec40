import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf, rephrase } from "../../errors.ts";
import { callerEnvironment } from "../../host/caller-environment.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { self } from "../../host/process.ts";
import { runNative } from "../../host/spawn.ts";
import { createStaging } from "../../host/staging.ts";
import { capabilityRequest, refusedCapabilities } from "../../oci/capabilities.ts";
import type { ContainerConfig, MountRequest } from "../../oci/container.ts";
import { containerIdMappings } from "../../oci/generate-spec.ts";
import { checkName, randomId, randomName } from "../../oci/names.ts";
import { parseVolumeOptions } from "../../oci/volume-options.ts";
import { recordContainerEvent, recordEvent } from "../../runtime/event-log.ts";
import { runDirectory } from "../../runtime/places.ts";
import {
  type ContainerRecord,
  idOfName,
  publishContainer,
  stagedName,
  stageRecord,
} from "../../runtime/records.ts";
import { storageDriver } from "../../storage/driver.ts";
import type { StorageDriver, StoredImage } from "../../storage/image-types.ts";
import { askedName, hasImage, layerKeys } from "../../storage/images.ts";
import { createVolume, findVolume, removeVolume } from "../../storage/volumes.ts";
import { pullImage } from "../image/pull.ts";
import type { PullOptions } from "../image/pull-options.ts";
import { volumeUsers } from "../volume/users.ts";
import { fillVolumes } from "./copy-up.ts";
import { checkConfig, resolveBridges } from "./create-checks.ts";
import { withInheritedMounts } from "./create-references.ts";
import { type ImageOverrides, withImageDefaults } from "./defaults.ts";
import { checkDeviceRules } from "./devices.ts";
import { dropContainer } from "./drop.ts";
import { sweep } from "./heal.ts";
import { hostCapabilities, hostFacts } from "./host-facts.ts";
import { placeLog } from "./logs.ts";
import { removeContainer } from "./rm.ts";
import { lowerDirectories, makeUpper } from "./rootfs-mount.ts";
import { checkCgroupless, platformRuntime, resolveRuntime, runtimeName } from "./runtime-choice.ts";
import { stageSecrets } from "./secrets.ts";
import { checkUserNamespace, mapUserNamespace } from "./user-namespace.ts";

export interface CreateRequest extends ImageOverrides {
  /** Reference as typed; null with config.rootfs. */
  image: string | null;
  pull: PullOptions;
  /** "" for a random one. */
  name: string;
  replace: boolean;
  /** What the flags say; what the image may supply is left empty (see withImageDefaults). */
  config: ContainerConfig;
  /** --runtime: name or path; undefined for our own. */
  runtime?: string | undefined;
  createCommand: string[];
  /** `run` starts it right away. */
  startPending: boolean;
  /** Told what the image's label asks for without the flags allowing it. */
  onRefusedCapabilities?: (names: string[]) => void;
  /** --pidfile, --conmon-pidfile, --cidfile; "" for none. */
  pidFile: string;
  conmonPidFile: string;
  cidFile: string;
}

/** Makes a container without starting it. Nothing is left behind when it fails. */
export async function createContainer(ctx: Context, request: CreateRequest): Promise<ContainerRecord> {
  checkUserNamespace(ctx, request.config);
  checkDeviceRules(ctx, request.config);
  await sweep(ctx);
  if (request.name !== "") checkName(request.name, "running container create option: ");
  const image = request.image === null ? undefined : await pullImage(ctx, request.image, request.pull);
  const config = configWithImage(ctx, request, image);
  const refused = refusedCapabilities(capabilityRequest(config, hostCapabilities(ctx)));
  if (refused.length > 0) request.onRefusedCapabilities?.(refused);
  await checkConfig(ctx, config);
  const record = newRecord(ctx, request, config, image);
  // Stays until the container is complete: should we be killed, it tells the next command to look for it (heal.ts).
  const staging = createStaging(ctx, "container");
  const madeVolumes: string[] = [];
  let madeForLog: string | undefined;
  try {
    const staged = path.join(staging.path, stagedName);
    fs.mkdirSync(staged, 0o700);
    madeForLog = placeLog(config, record.id);
    await stageContainer(ctx, record, staged, madeVolumes);
    if (request.replace && request.name !== "") {
      const old = idOfName(ctx, request.name);
      if (old !== undefined) await removeContainer(ctx, old, { force: true, ignore: true });
    }
    await publish(ctx, record, staged);
    recordContainerEvent(ctx, record, "create", await inspectData(ctx, record.id));
    // The other half of the protocols of rmi, `volume rm` and `network rm`: they look for containers after they have taken it away.
    await makeVolumes(ctx, config.mounts, record.id, madeVolumes);
    if (image && !hasImage(ctx, image.id)) throw imageRemoved(request);
    await resolveBridges(ctx, config);
    if (ctx.config.containers.prepare_volume_on_create) await fillVolumes(ctx, record);
    if (request.cidFile) writeIdFile(request.cidFile, record.id);
    // A container that is to be started is found by this from now on.
    if (request.startPending) ensureDirectory(runDirectory(ctx, record.id));
    await staging.remove();
    return record;
  } catch (error) {
    await dropContainer(ctx, record, { volumes: false });
    await staging.remove();
    if (madeForLog) fs.rmSync(madeForLog, { recursive: true, force: true });
    for (const volume of madeVolumes)
      await removeVolume(ctx, volume, (name) => volumeUsers(ctx, name)).catch(() => {});
    // What failed then is only how we noticed.
    throw image && !hasImage(ctx, image.id) ? imageRemoved(request, error) : error;
  }
}

/** What was asked for, with what other containers and the image supply. */
function configWithImage(
  ctx: Context,
  request: CreateRequest,
  image: StoredImage | undefined,
): ContainerConfig {
  const inherited = withInheritedMounts(ctx, request.config);
  const config = withImageDefaults(inherited, request, image?.config, randomId, callerEnvironment());
  config.image = image
    ? {
        reference: request.image as string,
        id: image.id,
        name: askedName(ctx, image, request.image as string),
      }
    : null;
  return config;
}

function newRecord(
  ctx: Context,
  request: CreateRequest,
  config: ContainerConfig,
  image: StoredImage | undefined,
): ContainerRecord {
  const id = randomId();
  if (config.hostname === "" && config.uts.kind === "private" && config.network.kind !== "host") {
    if (ctx.config.containers.container_name_as_hostname) config.nameAsHostname = true;
    else config.hostname = id.slice(0, 12);
  }
  const runtime = request.runtime ?? platformRuntime(ctx, image?.config);
  if (config.cgroups === "disabled") checkCgroupless(ctx, runtimeName(ctx, runtime));
  return {
    version: 1,
    id,
    name: request.name,
    createdAt: new Date().toISOString(),
    config,
    layers: image ? layerKeys(image) : [],
    driver: image || config.rootfsOverlay ? driverFor(ctx, config) : "none",
    runtime: resolveRuntime(ctx, runtime),
    runtimeName: runtimeName(ctx, runtime),
    createCommand: request.createCommand,
    creator: self(),
    startPending: request.startPending,
    pidFile: request.pidFile && path.resolve(request.pidFile),
    ...(request.conmonPidFile ? { conmonPidFile: path.resolve(request.conmonPidFile) } : {}),
    cidFile: request.cidFile && path.resolve(request.cidFile),
  };
}

/** All of a container but its publication; `madeVolumes` is told of volumes that were made for it. */
async function stageContainer(
  ctx: Context,
  record: ContainerRecord,
  staged: string,
  madeVolumes: string[],
): Promise<void> {
  const { config } = record;
  makeRootfs(ctx, staged, record.driver, lowerDirectories(ctx, record));
  await mapUserNamespace(ctx, record, staged);
  if (config.secrets.length > 0) {
    stageSecrets(ctx, config, staged, containerIdMappings(config, hostFacts(ctx)));
  }
  // From here on the volumes are known as ours, should we be killed (volume/orphans.ts).
  if (config.mounts.some(({ type }) => type === "volume")) stageRecord(record, staged);
  await makeVolumes(ctx, config.mounts, record.id, madeVolumes);
}

function imageRemoved(request: CreateRequest, cause?: unknown): EngineError {
  return new EngineError("image-not-known", `${request.image}: image not known`, {
    hint: "it was removed while the container was being made",
    cause,
  });
}

function writeIdFile(file: string, id: string): void {
  try {
    fs.writeFileSync(file, id);
  } catch (cause) {
    throw new EngineError("write-failed", `creating idfile: open ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** Publishes under the name asked for, or under a random one that is free. */
async function publish(ctx: Context, record: ContainerRecord, staging: string): Promise<void> {
  if (record.name !== "") return publishContainer(ctx, record, staging);
  for (let attempt = 0; ; attempt++) {
    record.name = randomName();
    try {
      return await publishContainer(ctx, record, staging);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === "name-in-use") || attempt > 20) throw error;
    }
  }
}

/** An id mapping of its own needs a driver that can shift ids without copying the image. */
function driverFor(ctx: Context, config: ContainerConfig): StorageDriver {
  const { driver } = storageDriver(ctx);
  const mapped = ["keep-id", "nomap", "private", "auto"].includes(config.userns.kind);
  if (!mapped || driver === "fuse-overlayfs") return driver;
  return "fuse-overlayfs";
}

function makeRootfs(
  ctx: Context,
  staging: string,
  driver: ContainerRecord["driver"],
  layers: string[],
): void {
  if (driver === "none") return;
  if (driver === "vfs") {
    const rootfs = path.join(staging, "rootfs");
    fs.mkdirSync(rootfs, { mode: 0o755 });
    runNative(ctx, "coracle-layer", [
      "copy",
      ...layers.flatMap((layer) => ["--from", layer]),
      "--to",
      rootfs,
    ]);
    return;
  }
  makeUpper(staging, layers[0]);
}

async function makeVolumes(ctx: Context, mounts: MountRequest[], id: string, made: string[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== "volume" || findVolume(ctx, mount.source)) continue;
    if (mount.noCreate) throw noSuchVolume(mount.source);
    const { container } = await createVolume(ctx, mount.source, {
      ...driverOptions(mount),
      anonymous: mount.anonymous ?? false,
      container: id,
      ignoreExisting: true,
    });
    if (container !== id) continue; // another command was faster
    made.push(mount.source);
    recordEvent(ctx, { Type: "volume", Status: "create", Name: mount.source });
  }
}

function noSuchVolume(name: string): EngineError {
  return new EngineError("no-such-volume", `no volume with name "${name}" found: no such volume`, {
    hint: `with nocreate it has to be there; \`coracle volume create ${name}\` makes it`,
  });
}

function driverOptions({ source, volumeOptions }: MountRequest) {
  try {
    return volumeOptions ? parseVolumeOptions(volumeOptions) : {};
  } catch (error) {
    throw rephrase(error, { prefix: `creating named volume "${source}": ` });
  }
}

/** Podman's verbose event, where containers.conf asks for it. */
async function inspectData(ctx: Context, id: string): Promise<{ ContainerInspectData?: string }> {
  if (!ctx.config.engine.events_container_create_inspect_data) return {};
  const { inspectContainer } = await import("./inspect.ts");
  return { ContainerInspectData: JSON.stringify(inspectContainer(ctx, id, { size: true })) };
}
