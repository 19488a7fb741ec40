import { EngineError } from "../../errors.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { withListenFds } from "../../host/descriptors.ts";
import { withLock } from "../../host/lock.ts";
import { closeOutside } from "../../host/outside.ts";
import { checkDetachKeys } from "../../oci/detach-keys.ts";
import { isPassthrough } from "../../oci/log-options.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import { attachRelay, type Relay, type RelayOptions, startContainerMonitor } from "../../runtime/monitor.ts";
import { runDirectory } from "../../runtime/places.ts";
import { type ContainerRecord, readRecord } from "../../runtime/records.ts";
import { isActive, readStatus, writeEarlier } from "../../runtime/status.ts";
import { chownSources, copyUpVolumes } from "./copy-up.ts";
import { dependenciesOf } from "./dependencies.ts";
import { healContainer } from "./heal.ts";
import { renewOverlays } from "./overlays.ts";
import { emptyPidFiles, writePidFiles } from "./pid-files.ts";
import { prepareStart } from "./prepare.ts";
import { allowMount, renewRootfs } from "./rootfs-mount.ts";
import { waitContainer } from "./wait.ts";

/**
 * Starts a container that doesn't run and returns when its process runs. With streams to attach, the relay that carries
 * them is returned; else it ends by itself. A running container is left as it is (and attached to).
 */
export async function startContainer(
  ctx: Context,
  record: ContainerRecord,
  options: RelayOptions,
): Promise<Relay> {
  return (await startOrAttach(ctx, record, options)) as Relay;
}

/** The same without streams. */
export async function startDetached(ctx: Context, record: ContainerRecord): Promise<void> {
  const relay = await startOrAttach(ctx, record, { attach: [], detachKeys: "" });
  await relay?.relayExit();
}

/** Prepares a container as far as it goes without running its process (`init`). */
export async function initContainer(ctx: Context, record: ContainerRecord): Promise<void> {
  await healContainer(ctx, record.id);
  await withLock(ctx, `container/${record.id}`, async () => {
    if (!readRecord(ctx, record.id)) throw removed(record);
    if (isActive(readStatus(ctx, record.id).state)) {
      throw new EngineError(
        "container-state",
        `container ${record.id} has already been created in runtime: container state improper`,
      );
    }
    const relay = await launch(ctx, record, { attach: [], detachKeys: "", start: false });
    await relay.relayExit();
  });
}

/** Undefined for a running container to which nothing is to be attached. */
async function startOrAttach(
  ctx: Context,
  record: ContainerRecord,
  options: RelayOptions,
): Promise<Relay | undefined> {
  if (options.attach.length > 0) checkDetachKeys(options.detachKeys);
  await healContainer(ctx, record.id);
  await startDependencies(ctx, record);
  let isStarted = false;
  const relay = await withLock(ctx, `container/${record.id}`, async () => {
    if (!readRecord(ctx, record.id)) throw removed(record);
    const { state, last } = readStatus(ctx, record.id);
    if (state === "paused") throw paused(record);
    if (state === "running" || state === "restarting" || state === "stopping") {
      return attachIfAsked(ctx, last?.socket as string, options);
    }
    isStarted = true;
    if (state === "initialized") {
      const relay = attachIfAsked(ctx, last?.socket as string, options);
      await startInitialized(last?.socket as string, record);
      return relay;
    }
    return await launch(ctx, record, options);
  });
  if (isStarted && options.attach.length === 0) await untilHealthy(ctx, record);
  return relay;
}

/** With `--sdnotify healthy` a start is over when the container is healthy, or is no more. */
async function untilHealthy(ctx: Context, { id, config }: ContainerRecord): Promise<void> {
  if (config.sdnotify !== "healthy") return;
  try {
    await waitContainer(ctx, id, { conditions: ["healthy"], interval: 250 });
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "no-such-container") throw error;
  }
}

/** What a container needs is started before it, in its turn with all that that needs. */
async function startDependencies(ctx: Context, { config }: ContainerRecord): Promise<void> {
  for (const id of dependenciesOf(config)) {
    const needed = readRecord(ctx, id);
    if (needed) await startDetached(ctx, needed);
  }
}

/** Starts the monitor of a container that has none; returns when its process is there. */
async function launch(
  ctx: Context,
  record: ContainerRecord,
  options: RelayOptions & { start?: boolean },
): Promise<Relay> {
  const { last } = readStatus(ctx, record.id);
  const fds = withListenFds(options.fds ?? []);
  renewRootfs(ctx, record);
  const { directory, owner } = await prepareStart(ctx, record, fds);
  const wasStarted = last !== undefined;
  await copyUpVolumes(ctx, record, owner, wasStarted);
  chownSources(ctx, record, owner, wasStarted);
  renewOverlays(ctx, record);
  // Seen by the sweep from before there is a monitor that could be killed.
  ensureDirectory(runDirectory(ctx, record.id));
  allowMount(ctx, record);
  // Now: a file that can't be written is no reason to end a container that runs.
  emptyPidFiles(ctx, record);
  const passOutput = isPassthrough(record.config.log.driver) && options.attach.length === 0;
  const relay = startContainerMonitor(ctx, directory, { ...options, passOutput, fds: fds.numbers });
  const pid = await relay.started().catch(async (error: unknown) => {
    writeEarlier(ctx, record.id, last);
    const { explainPortInUse } = await import("./port-holder.ts");
    throw explainPortInUse(ctx, record, error);
  });
  closeOutside();
  writePidFiles(ctx, record, pid);
  return relay;
}

function attachIfAsked(ctx: Context, socket: string, options: RelayOptions): Relay | undefined {
  return options.attach.length > 0 ? attachRelay(ctx, socket, options) : undefined;
}

async function startInitialized(socket: string, record: ContainerRecord): Promise<void> {
  const connection = await MonitorConnection.open(socket);
  if (!connection) throw new EngineError("container-state", `container ${record.id} ended before its start`);
  try {
    await connection.start();
  } finally {
    connection.close();
  }
}

function paused({ id, name }: ContainerRecord): EngineError {
  return new EngineError(
    "container-state",
    `container ${id} must be in Created or Stopped state to be started: container state improper`,
    { hint: `it is paused; \`coracle unpause ${name}\` lets it go on` },
  );
}

function removed(record: ContainerRecord): EngineError {
  return new EngineError("no-such-container", `no container with ID ${record.id} found: no such container`, {
    hint: "another command removed it meanwhile",
  });
}
