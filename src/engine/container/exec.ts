import * as fs from "node:fs";
import { constants } from "node:os";
import * as path from "node:path";
import { EngineError, isErrno, rephrase } from "../../errors.ts";
import { isBelowManager } from "../../host/cgroup.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { listDirectory, readJson, writeJsonAtomic } from "../../host/files.ts";
import { isAlive, type ProcessIdentity } from "../../host/process.ts";
import { checkDetachKeys } from "../../oci/detach-keys.ts";
import { execProcess } from "../../oci/exec-process.ts";
import { randomHex } from "../../oci/hash.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { type ResolvedUser, resolveUser } from "../../oci/user.ts";
import { MonitorConnection } from "../../runtime/control.ts";
import {
  BROKEN_PIPE,
  type ExecConfig,
  type MonitorConfig,
  type RelayOptions,
  startExecMonitor,
} from "../../runtime/monitor.ts";
import { runDirectory } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory, findId, findRecord } from "../../runtime/records.ts";
import { type ContainerState, type MonitorStatus, readStatus } from "../../runtime/status.ts";
import { sessionDirectoryOf, sessionsDirectory } from "./exec-sessions.ts";
import { followRelay, outputFailed } from "./foreground.ts";
import { hostCapabilities } from "./host-facts.ts";
import { readInRoot, refuseForeign } from "./root-files.ts";

export interface ExecRequest extends RelayOptions {
  command: string[];
  env: Record<string, string>;
  /** "" for the container's own. */
  user: string;
  workdir: string;
  terminal: boolean;
  interactive: boolean;
  privileged: boolean;
  detach: boolean;
  /** Whether `inspect` shows the session. */
  tracked: boolean;
}

/** `exitCode` is null when the session was left running. */
export interface ExecResult {
  session: string;
  exitCode: number | null;
}

/**
 * What isn't below the user's systemd may not put a process into the container's scope; and a detached session must not end
 * with the unit that asked for it.
 */
function ownScope(
  ctx: Context,
  { systemdSlice }: MonitorConfig,
  detach: boolean,
): Pick<ExecConfig, "systemdSlice"> {
  return systemdSlice && (detach || !isBelowManager(ctx.uid)) ? { systemdSlice } : {};
}

/** Milliseconds between looks whether a container runs that may not even exist yet. */
const LOOK_EVERY = 100;

/** Waits for a container to run, for so many seconds. */
export async function awaitRunning(ctx: Context, nameOrId: string, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const id = findId(ctx, nameOrId);
    if (id !== undefined && readStatus(ctx, id).state === "running") return;
    if (performance.now() >= end)
      throw new EngineError("timed-out", `timed out waiting for container: ${nameOrId}`, {
        hint: `\`coracle start ${nameOrId}\` starts one that is there`,
      });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

/** Runs one more process in a running container. */
export async function execInContainer(
  ctx: Context,
  nameOrId: string,
  request: ExecRequest,
): Promise<ExecResult> {
  const record = findRecord(ctx, nameOrId);
  checkDetachKeys(request.detachKeys);
  const init = runningInit(ctx, record);
  refuseForeign(init.pid);
  const directory = containerDirectory(ctx, record.id);
  const spec = readJson<RuntimeSpec>(path.join(directory, "config.json"));
  const monitor = readJson<MonitorConfig>(path.join(directory, "monitor.json"));
  if (!spec || !monitor) throw new EngineError("container-gone", `container ${record.id} ended meanwhile`);
  reapSessions(ctx, record.id);
  const session = randomHex(32);
  const sessionDirectory = sessionDirectoryOf(ctx, record.id, session, request.tracked);
  const config: ExecConfig = {
    version: 1,
    id: record.id,
    session,
    process: execProcess({
      spec,
      config: record.config,
      hostnameGiven: record.config.hostname !== record.id.slice(0, 12),
      args: request.command,
      env: request.env,
      user: execUser(ctx, spec, init.pid, request.user, record.config.groups),
      workdir: request.workdir,
      terminal: request.terminal,
      privileged: request.privileged,
      capabilities: hostCapabilities(ctx),
    }),
    openStdin: request.interactive,
    runDir: sessionDirectory,
    aliveFile: ctx.aliveFile,
    init,
    runtime: monitor.runtime,
    preserveFds: [...(request.fds ?? [])],
    cleanup: null,
    ...ownScope(ctx, monitor, request.detach),
  };
  try {
    ensureDirectory(sessionDirectory);
    writeJsonAtomic(path.join(sessionDirectory, "exec.json"), config, { durable: false });
    return { session, exitCode: await runSession(ctx, directory, sessionDirectory, request) };
  } catch (error) {
    fs.rmSync(sessionDirectory, { recursive: true, force: true });
    if (!isAlive(init)) removeEmpty(sessionsDirectory(ctx, record.id), runDirectory(ctx, record.id));
    throw error;
  }
}

function runningInit(ctx: Context, { id, name }: ContainerRecord): ProcessIdentity {
  const { state, last } = readStatus(ctx, id);
  if (state === "running" && last?.init) return last.init;
  throw new EngineError(
    "container-state",
    "can only create exec sessions on running containers: container state improper",
    {
      hint: hint(name, state),
      exitCode: 255,
    },
  );
}

/** Starts the process of a session and returns its exit code; null where it is left running. */
async function runSession(
  ctx: Context,
  directory: string,
  sessionDirectory: string,
  request: ExecRequest,
): Promise<number | null> {
  const relay = startExecMonitor(ctx, directory, sessionDirectory, {
    attach: request.detach ? [] : request.attach,
    detachKeys: request.detachKeys,
    ...(request.output ? { output: request.output } : {}),
    sigProxy: true,
    fds: request.fds ?? [],
  });
  if (request.detach || request.attach.length === 0) {
    await relay.started();
    await relay.relayExit();
    return null;
  }
  const end = await followRelay(relay);
  if (end.how === "detached") return null;
  if (end.how === "output-closed") {
    await breakPipe(sessionDirectory);
    return BROKEN_PIPE;
  }
  if (end.how === "output-failed") {
    await breakPipe(sessionDirectory);
    throw outputFailed(end.message, 255);
  }
  fs.rmSync(sessionDirectory, { recursive: true, force: true });
  return end.exit.exitCode;
}

function hint(name: string, state: ContainerState): string {
  if (state === "stopping") return `container ${name} is about to end`;
  if (state === "paused") return `container ${name} is paused; \`coracle unpause ${name}\` lets it go on`;
  return `container ${name} is ${state}; \`coracle start ${name}\` starts it`;
}

/** What we made anew in the run root after the container had ended. Its next start may have done so, too, and uses it. */
function removeEmpty(...directories: string[]): void {
  try {
    for (const directory of directories) fs.rmdirSync(directory);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
}

/** Tells the process that nobody reads its output, as the kernel would have if it wrote to our stdout itself. */
async function breakPipe(sessionDirectory: string): Promise<void> {
  const connection = await MonitorConnection.open(path.join(sessionDirectory, "attach"));
  try {
    await connection?.kill(constants.signals.SIGPIPE);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error; // it has ended meanwhile
  } finally {
    connection?.close();
  }
}

/** The user that the process runs as: the container's own, or one looked up in the container as it is now. */
function execUser(
  ctx: Context,
  spec: RuntimeSpec,
  initPid: number,
  user: string,
  groups: string[],
): ResolvedUser {
  const own = spec.process.user;
  if (user === "") {
    return {
      uid: own.uid,
      gid: own.gid,
      additionalGids: own.additionalGids ?? [own.gid],
      home: "",
      name: "",
    };
  }
  const root = `/proc/${initPid}/root`;
  try {
    const database = (name: string) => readInRoot(ctx, root, `/etc/${name}`);
    return resolveUser(user, database("passwd"), database("group"), groups);
  } catch (error) {
    throw rephrase(error, { exitCode: 255 });
  }
}

/** Removes what ended sessions have left. */
function reapSessions(ctx: Context, id: string): void {
  const directory = sessionsDirectory(ctx, id);
  for (const session of listDirectory(directory)) {
    const status = readJson<MonitorStatus>(path.join(directory, session, "status.json"));
    if (status && !isAlive(status.monitor))
      fs.rmSync(path.join(directory, session), { recursive: true, force: true });
  }
}
