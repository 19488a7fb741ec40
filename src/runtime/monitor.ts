import * as fs from "node:fs";
import { EngineError, reasonOf, remedyOf, tooManyProcesses } from "../errors.ts";
import { type Child, startChild } from "../host/child.ts";
import type { Context } from "../host/context.ts";
import { nativePath } from "../host/spawn.ts";
import type { PortMapping, RestartPolicy } from "../oci/container.ts";
import type { OnFailure } from "../oci/health.ts";
import { keyAndValue } from "../oci/key-value.ts";
import { podmansWords } from "../oci/runtime-errors.ts";
import type { ExitEvent } from "./control.ts";
import { proxySignals } from "./signal-proxy.ts";

/** `monitor.json`; every key is described in native/PROTOCOL.md §3. */
export interface MonitorConfig {
  version: 1;
  id: string;
  name: string;
  runtime: { path: string | null; args?: string[]; root: string; noNewKeyring?: boolean; noPivot?: boolean };
  rootfs: RootfsMount;
  overlays?: SideMount[];
  workdir?: { root: string; path: string; make: boolean; uid: number; gid: number };
  users?: { root: string; passwd?: string; group?: string };
  terminal: boolean;
  openStdin: boolean;
  stdinOnce: boolean;
  log: {
    driver: "k8s-file" | "json-file" | "journald" | "none" | "passthrough";
    path: string;
    tag?: string;
    maxSize: number;
    maxFile: number;
  };
  runDir: string;
  aliveFile: string | null;
  pidFile?: string;
  network: MonitorNetwork;
  stopSignal: number;
  stopTimeout: number;
  timeout: number;
  restart: { policy: RestartPolicy["name"]; max: number };
  cleanup: string[] | null;
  cleanupAlways: boolean;
  preserveFds?: number[];
  /** systemd makes scopes in it for the container and its monitor. */
  systemdSlice?: string;
  /** What the monitor may keep it to; without, it keeps all. */
  privileges?: { capabilities: string[]; noNewPrivileges: boolean };
  /** Only for the container: the monitor stays where it is started. */
  stayInUnit?: boolean;
  notify?: { socket: string; mode: "container" | "conmon" | "healthy" } | null;
  health: {
    check: MonitorCheck;
    startup: (MonitorCheck & { successes: number }) | null;
    startPeriod: number;
    onFailure: OnFailure;
    log: string;
    maxLogCount: number;
    maxLogSize: number;
    /** Checks are no events. */
    noEvents?: boolean;
  } | null;
}

/** Times in milliseconds; interval 0: only when it is asked for. */
interface MonitorCheck {
  command: string[];
  interval: number;
  timeout: number;
  retries: number;
}

export type RootfsMount =
  | { driver: "none"; target?: string }
  | {
      driver: "overlay" | "fuse-overlayfs";
      /** Topmost first. */
      lower: string[];
      upper: string;
      work: string;
      target: string;
      options: string[];
      readOnly: boolean;
      program?: string;
      uidMapping?: string;
      gidMapping?: string;
    };

/** What is mounted beside the root filesystem, for the runtime to bind. */
export type SideMount =
  | RootfsMount
  | { driver: "subpath"; source: string; path: string; target: string }
  | { driver: "filesystem"; type: string; source: string; options: string[]; target: string }
  | { driver: "adopt"; pid: number; source: string; target: string };

export type MonitorNetwork =
  | { mode: "none" | "host" | "path" }
  | { mode: "pasta"; program: string; args: string[] }
  | {
      mode: "bridge";
      /** slirp4netns, the way out of the namespace of the bridges. */
      program: string;
      args: string[];
      ports: PortMapping[];
      address: string;
      bridge: {
        directory: string;
        netavark: string;
        aardvark: string;
        setup: object;
        resolve: { server: string; name: string; address: string }[];
      };
    }
  | {
      mode: "slirp4netns";
      program: string;
      args: string[];
      ports: PortMapping[];
      /** Where the forwarder of the ports finds the container; without, slirp4netns forwards them. */
      address?: string;
    };

/** `exec.json` of one exec session. */
export interface ExecConfig {
  version: 1;
  id: string;
  session: string;
  process: object;
  openStdin: boolean;
  runDir: string;
  aliveFile: string | null;
  init: object;
  runtime: MonitorConfig["runtime"];
  preserveFds: number[];
  cleanup: string[] | null;
  systemdSlice?: string;
}

/** What monitor and relay tell on the ready descriptor. */
export type MonitorEvent =
  | { event: "started" | "created"; pid: number }
  | ({ event: "exited" } & ExitEvent)
  | { event: "detached" }
  | { event: "output-failed"; message: string }
  | { event: "error"; code: string; message: string; exitCode?: number };

export type Stream = "stdin" | "stdout" | "stderr";

export interface RelayOptions {
  /** Streams carried between this process's stdio and the container; none: the relay ends once it runs. */
  attach: Stream[];
  /** Descriptors that take the place of our stdout and stderr. */
  output?: { stdout: number; stderr: number };
  /** Leave our stdout and stderr to the container itself, which writes there when we are gone (--log-driver passthrough). */
  passOutput?: boolean;
  /** As for --detach-keys; "" for none. */
  detachKeys: string;
  /** Pass this process's signals on to the container. */
  sigProxy?: boolean;
  /** Descriptors of this process, from 3 on, that go to the process that is started; the relay's are ours no more. */
  fds?: readonly number[];
}

/** How an attached container left us: it ended, the user detached, or our output has nowhere to go. */
export type RelayEnd =
  | { how: "exited"; exit: ExitEvent }
  | { how: "detached" }
  | { how: "output-closed" }
  | { how: "output-failed"; message: string };

/** Exit code of a relay whose output is closed, and of the command then: what a shell sees of a writer that SIGPIPE ended. */
export const BROKEN_PIPE = 141;

/** A relay process and, through it, the monitor it started or connected to. */
export class Relay {
  private readonly events: MonitorEvent[] = [];
  private readonly waiters: (() => void)[] = [];
  private ended = false;
  private failure: EngineError | undefined;
  private readonly exited: Promise<number>;
  private readonly child: Child;
  private readonly control: number;

  /** `ready` and the next one are its descriptors of that name; `starts`: the container, or session, begins with it. */
  constructor(
    child: Child,
    { ready, starts, sigProxy }: { ready: number; starts: boolean; sigProxy: boolean },
  ) {
    this.child = child;
    this.control = ready + 1;
    let text = "";
    child.listen(
      ready,
      (chunk) => {
        text += chunk;
        const lines = text.split("\n");
        text = lines.pop() as string;
        for (const line of lines) this.events.push(JSON.parse(line) as MonitorEvent);
        this.wake();
      },
      () => this.close(),
    );
    this.exited = child.exited.then((code) => code ?? 137);
    this.exited.catch((cause) => {
      const message = `start coracle-monitor: ${reasonOf(cause)}`;
      this.failure = new EngineError("monitor-failed", message, { hint: remedyOf(cause), cause });
      this.close();
    });
    // From the first moment on: a signal that ended us now would leave behind what has been started.
    if (sigProxy) this.proxySignals(starts);
  }

  private close(): void {
    this.ended = true;
    this.wake();
  }

  private proxySignals(starts: boolean): void {
    const running = starts ? this.started() : Promise.resolve();
    // Its failure is told to who waits for the start.
    const stop = proxySignals((signal) => running.then(() => this.signal(signal)).catch(() => {}));
    running.catch(() => {});
    this.exited.then(stop, stop);
  }

  private wake(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  private async find<T extends MonitorEvent["event"]>(
    ...names: T[]
  ): Promise<Extract<MonitorEvent, { event: T }>> {
    for (;;) {
      const failed = this.events.find((event) => event.event === "error");
      if (failed) throw startError(failed as Extract<MonitorEvent, { event: "error" }>);
      const found = this.events.find((event) => (names as string[]).includes(event.event));
      if (found) return found as Extract<MonitorEvent, { event: T }>;
      if (this.failure) throw this.failure;
      if (this.ended) {
        throw new EngineError("monitor-gone", "the container's monitor ended unexpectedly");
      }
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** Returns the pid of the container's (or session's) first process once it runs; its failure to start is thrown. */
  async started(): Promise<number> {
    return (await this.find("started", "created")).pid;
  }

  /** Returns when the container has ended or the user has detached. */
  async end(): Promise<RelayEnd> {
    const event = await this.find("exited", "detached", "output-failed");
    if (event.event === "output-failed") return { how: "output-failed", message: event.message };
    if (event.event === "detached")
      return { how: (await this.exited) === BROKEN_PIPE ? "output-closed" : "detached" };
    return {
      how: "exited",
      exit: { exitCode: event.exitCode, signal: event.signal, oomKilled: event.oomKilled },
    };
  }

  /** Returns when the relay process itself has ended (a relay without streams ends right after the start). */
  async relayExit(): Promise<number> {
    return this.exited;
  }

  private signal(signal: number): void {
    this.child.say(this.control, `signal ${signal}\n`);
  }
}

function startError(event: Extract<MonitorEvent, { event: "error" }>): EngineError {
  const exitCode = event.exitCode ?? 125;
  const podmans = podmansWords[exitCode];
  return new EngineError(event.code, podmans ? `${event.message}: ${podmans}` : event.message, {
    exitCode,
    hint: event.message.endsWith(": Resource temporarily unavailable") ? tooManyProcesses : hints[event.code],
  });
}

const hints: Record<string, string> = {
  "bad-workdir": "name one that the image has, or make it with a mount",
  "command-not-found": "check the command's name and that the image has it",
  "not-executable": "make the file executable, or name its interpreter",
  "no-controller": "`coracle doctor` prints the drop-in that delegates it",
  "no-journal": "systemd-journald isn't there; --log-driver k8s-file keeps the output in a file",
  "network-failed": "`coracle doctor` looks at what it needs, /dev/net/tun and programs",
  "already-running": "`coracle ps` shows it; `coracle stop` stops it",
};

function startRelay(ctx: Context, args: string[], options: RelayOptions): Relay {
  const stream = (name: Stream) => {
    if (options.passOutput && name !== "stdin") return "inherit";
    if (!options.attach.includes(name)) return "ignore";
    return (name !== "stdin" && options.output?.[name]) || "inherit";
  };
  const stdio: unknown[] = [stream("stdin"), stream("stdout"), stream("stderr")];
  const fds = options.fds ?? [];
  // What lies between those that are passed on is no descriptor of the process: the monitor sees to it.
  for (let fd = 3; fd <= Math.max(0, ...fds); fd++) stdio.push(fds.includes(fd) ? fd : "ignore");
  const ready = stdio.length;
  stdio.push("pipe", "pipe");
  const all = ["--ready-fd", `${ready}`, "--control-fd", `${ready + 1}`];
  if (options.attach.length > 0)
    all.push("--attach", options.attach.join(","), "--detach-keys", options.detachKeys);
  const child = startChild(nativePath(ctx, "coracle-monitor"), [...args, ...all], {
    stdio,
    env: monitorEnvironment(ctx),
  });
  // Their other ends shall see their end with the process that has them.
  for (const fd of fds) fs.closeSync(fd);
  const sigProxy = options.attach.length > 0 && (options.sigProxy ?? false);
  return new Relay(child, { ready, starts: args[0] !== "attach", sigProxy });
}

/** The caller's, and what the configuration has for the monitor and what that starts: another runtime, the network's programs. */
function monitorEnvironment({ config }: Context): NodeJS.ProcessEnv {
  const configured = (config.engine.conmon_env_vars ?? []).filter((entry) => entry.includes("="));
  if (configured.length === 0) return process.env;
  return { ...Object.fromEntries(configured.map(keyAndValue)), ...process.env };
}

/** Starts the container of a directory that holds monitor.json and config.json; without `start` only makes it. */
export function startContainerMonitor(
  ctx: Context,
  directory: string,
  { start = true, ...options }: RelayOptions & { start?: boolean },
): Relay {
  return startRelay(ctx, ["run", directory, ...(start ? [] : ["--no-start"])], options);
}

export function startExecMonitor(
  ctx: Context,
  directory: string,
  session: string,
  options: RelayOptions,
): Relay {
  return startRelay(ctx, ["exec", directory, session], options);
}

/** Attaches this process's stdio to a running container. */
export function attachRelay(ctx: Context, socket: string, options: RelayOptions): Relay {
  const args = ["attach", socket];
  if (!options.attach.includes("stdin")) args.push("--no-stdin");
  return startRelay(ctx, args, options);
}
