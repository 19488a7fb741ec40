/** Containers for the tests of coracle-monitor: hand-written bundles with a busybox rootfs, without engine and launcher. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { waitUntil } from "../../support/process.ts";

const tree = join(import.meta.dirname, "../../..");
const prefix = process.env.CORACLE_TEST_PREFIX;

/** Directory of the programs under test; CORACLE_NATIVE_BIN=…/native/build/asan for those with sanitizers. */
export const nativeDirectory =
  process.env.CORACLE_NATIVE_BIN ?? (prefix ? join(prefix, "lib/coracle/bin") : join(tree, "bin"));

/** For tests of what needs pidfd_open(2), which Debian's valgrind doesn't know. */
export const underValgrind = /memcheck/.test(nativeDirectory);

/** Under valgrind, which doesn't know the system calls that our own runtime, and a mount of the rootfs, are made of. */
const otherRuntime = process.env.CORACLE_TEST_RUNTIME;

const applets =
  "sh cat echo sleep true false yes head dd stty kill printf id od tr seq wc date touch tail nc ls test";

/** Of the containers. */
const capabilities = ["CAP_KILL", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_AUDIT_WRITE"];

export interface BundleOptions {
  /** Of the container's process. */
  args: string[];
  /** Changes to monitor.json. */
  monitor?: Record<string, unknown>;
  /** Changes to config.json's `linux` and `process`. */
  linux?: Record<string, unknown>;
  process?: Record<string, unknown>;
  hooks?: Record<string, unknown>;
  namespaces?: string[];
}

export interface RelayOptions {
  attach?: string;
  input?: Buffer | string;
  /** stdin stays open and can be written to. */
  keepStdin?: boolean;
  /** stdin is closed altogether. */
  noStdin?: boolean;
  more?: string[];
  env?: Record<string, string>;
}

export interface Status {
  status: string;
  monitor: { pid: number };
  init: { pid: number } | null;
  exitCode: number;
  signal: number;
  restartCount: number;
  stoppedByUser: boolean;
  startedAt: string | null;
  finishedAt: string | null;
  error: { code: string; message: string } | null;
  socket: string | null;
  helpers: { pid: number }[];
}

/** A relay process with its ready and control descriptors. */
export class Relay {
  readonly child: ChildProcess;
  readonly control: Writable;
  readonly exit: Promise<number>;
  private readonly ready: Promise<void>;
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];
  private eventText = "";

  constructor(workshop: Workshop, argv: string[], options: RelayOptions) {
    const monitor = join(nativeDirectory, "coracle-monitor");
    const all = workshop.inNamespace([monitor, ...argv, "--ready-fd", "3", "--control-fd", "4"]);
    if (options.attach !== undefined) all.push("--attach", options.attach);
    all.push(...(options.more ?? []));
    const command = options.noStdin ? ["sh", "-c", 'exec "$@" <&-', "sh", ...all] : all;
    const stdin = options.keepStdin || options.input !== undefined ? "pipe" : "ignore";
    this.child = spawn(command[0] as string, command.slice(1), {
      stdio: [stdin, "pipe", "pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    this.child.stdout?.on("data", (chunk: Buffer) => this.out.push(chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.err.push(chunk));
    this.child.stdin?.on("error", () => {});
    if (options.input !== undefined) this.child.stdin?.end(options.input);
    const ready = this.child.stdio[3] as Readable;
    this.control = this.child.stdio[4] as Writable;
    this.control.on("error", () => {});
    ready.on("data", (chunk: Buffer) => {
      this.eventText += chunk.toString();
    });
    this.ready = new Promise((resolve) => ready.on("close", resolve));
    this.exit = new Promise((resolve) =>
      this.child.on("close", (code, signal) => resolve(code ?? (signal ? -1 : -2))),
    );
  }

  get events(): Record<string, unknown>[] {
    return this.eventText
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  get stdout(): Buffer {
    return Buffer.concat(this.out);
  }

  get stderr(): string {
    return Buffer.concat(this.err).toString();
  }

  async started(): Promise<number> {
    const found = () =>
      this.events.find((event) => ["started", "created", "error"].includes(event.event as string));
    await waitUntil(() => found() !== undefined || this.child.exitCode !== null, { what: "start" });
    if (found()?.event === "error" || !found())
      throw new Error(`not started: ${this.eventText}${this.stderr}`);
    return found()?.pid as number;
  }

  /** Until the ready descriptor is closed: everything has been told. */
  async told(): Promise<void> {
    await this.ready;
  }

  async waitForOutput(pattern: RegExp): Promise<void> {
    await waitUntil(() => pattern.test(this.stdout.toString()), { what: `output ${pattern}` });
  }
}

/** A client of the attach socket. */
export class Client {
  readonly frames: { type: string; payload: Buffer }[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;
  private rest = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    socket.on("data", (data) => {
      this.rest = Buffer.concat([this.rest, data]);
      while (this.rest.length >= 5 && this.rest.length >= 5 + this.rest.readUInt32LE(1)) {
        const length = this.rest.readUInt32LE(1);
        this.frames.push({
          type: String.fromCharCode(this.rest[0] as number),
          payload: this.rest.subarray(5, 5 + length),
        });
        this.rest = this.rest.subarray(5 + length);
      }
    });
  }

  static async open(path: string, flags = 0): Promise<Client> {
    const socket = createConnection(path);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const client = new Client(socket);
    client.send("H", Buffer.of(flags));
    return client;
  }

  send(type: string, payload: Buffer | string = ""): void {
    const data = Buffer.from(payload);
    const header = Buffer.alloc(5);
    header.write(type, "latin1");
    header.writeUInt32LE(data.length, 1);
    this.socket.write(Buffer.concat([header, data]));
  }

  output(): string {
    const chunks = this.frames.filter(({ type }) => type === "O" || type === "E");
    return Buffer.concat(chunks.map(({ payload }) => payload)).toString();
  }

  async ask(type: string, payload: Buffer = Buffer.alloc(0)): Promise<Record<string, unknown>> {
    const before = this.answers().length;
    this.send(type, payload);
    await waitUntil(() => this.answers().length > before, { what: `answer to ${type}` });
    return this.answers()[before] as Record<string, unknown>;
  }

  answers(): Record<string, unknown>[] {
    return this.frames
      .filter(({ type }) => type === "A")
      .map(({ payload }) => JSON.parse(payload.toString()));
  }

  kill(signal: number): Promise<Record<string, unknown>> {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(signal);
    return this.ask("K", payload);
  }

  stop(timeout = -1, signal = 0): Promise<Record<string, unknown>> {
    const payload = Buffer.alloc(8);
    payload.writeInt32LE(timeout, 0);
    payload.writeUInt32LE(signal, 4);
    return this.ask("T", payload);
  }
}

/** Directories of one test file and the user namespace of its containers; removed by cleanUp(). */
export class Workshop {
  readonly directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "m-"));
  private readonly bundles: Bundle[] = [];
  private readonly holder: ChildProcess;

  constructor() {
    this.holder = spawn("unshare", ["--map-root-user", "--map-auto", "sh", "-c", "echo; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const layer = join(this.directory, "layer");
    mkdirSync(join(layer, "bin"), { recursive: true });
    for (const name of ["proc", "sys", "dev", "tmp", "etc"]) mkdirSync(join(layer, name));
    copyFileSync("/bin/busybox", join(layer, "bin/busybox"));
    chmodSync(join(layer, "bin/busybox"), 0o755);
    for (const applet of applets.split(" ")) symlinkSync("busybox", join(layer, "bin", applet));
    writeFileSync(join(layer, "etc/plain"), "no program\n", { mode: 0o644 });
  }

  /** Until the user namespace is there. */
  async ready(): Promise<this> {
    await new Promise((resolve) => this.holder.stdout?.once("data", resolve));
    return this;
  }

  /** The command in the user namespace and a mount namespace of its own, as the launcher would do it. */
  inNamespace(argv: string[]): string[] {
    const enter = ["nsenter", "--target", String(this.holder.pid), "--user", "--preserve-credentials"];
    return [...enter, "unshare", "--mount", ...argv];
  }

  bundle(options: BundleOptions): Bundle {
    const bundle = new Bundle(this, `c${this.bundles.length}`, options);
    this.bundles.push(bundle);
    return bundle;
  }

  /** Ends what still runs, then removes everything. */
  async cleanUp(): Promise<void> {
    for (const bundle of this.bundles) await bundle.end();
    const [program, ...args] = this.inNamespace(["rm", "-rf", this.directory]) as [string, ...string[]];
    execFileSync(program, args);
    this.holder.kill();
  }
}

export class Bundle {
  readonly directory: string;
  readonly id: string;
  readonly workshop: Workshop;

  constructor(workshop: Workshop, id: string, options: BundleOptions) {
    this.workshop = workshop;
    this.id = id;
    this.directory = join(workshop.directory, id);
    for (const name of ["upper", "work", "merged"])
      mkdirSync(join(this.directory, name), { recursive: true });
    this.writeConfig(options);
    const privileges = options.hooks ? {} : { privileges: { capabilities, noNewPrivileges: false } };
    writeFileSync(
      join(this.directory, "monitor.json"),
      JSON.stringify(this.monitorConfig({ ...privileges, ...options.monitor })),
    );
  }

  /** Changes monitor.json before the next run. */
  change(changes: Record<string, unknown>): void {
    const file = join(this.directory, "monitor.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changes }));
  }

  private writeConfig(options: BundleOptions): void {
    const terminal = options.monitor?.terminal === true;
    const namespaces = options.namespaces ?? ["pid", "mount", "ipc", "uts", "network"];
    const config = {
      ociVersion: "1.0.2",
      process: {
        terminal,
        user: { uid: 0, gid: 0 },
        args: options.args,
        env: ["PATH=/bin", "TERM=xterm"],
        cwd: "/",
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
        ...options.process,
      },
      root: { path: otherRuntime ? join(this.workshop.directory, "layer") : join(this.directory, "merged") },
      mounts: [
        // Only the owner of a pid namespace may mount its /proc.
        ...(namespaces.includes("pid") ? [{ destination: "/proc", type: "proc", source: "proc" }] : []),
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["newinstance", "ptmxmode=0666"],
        },
      ],
      linux: { namespaces: namespaces.map((type) => ({ type })), ...options.linux },
      ...(options.hooks && { hooks: options.hooks }),
    };
    writeFileSync(join(this.directory, "config.json"), JSON.stringify(config));
  }

  private monitorConfig(changes: Record<string, unknown>): Record<string, unknown> {
    const path = (name: string) => join(this.directory, name);
    return {
      version: 1,
      id: this.id,
      name: this.id,
      runtime: {
        ...(otherRuntime ? { path: otherRuntime, args: ["--cgroup-manager=disabled"] } : { path: null }),
        root: join(this.workshop.directory, "rt"),
      },
      rootfs: otherRuntime
        ? { driver: "none" }
        : {
            driver: "overlay",
            lower: [join(this.workshop.directory, "layer")],
            upper: path("upper"),
            work: path("work"),
            target: path("merged"),
            options: ["userxattr"],
            readOnly: false,
          },
      terminal: false,
      openStdin: false,
      stdinOnce: true,
      log: { driver: "k8s-file", path: path("log"), maxSize: 0, maxFile: 1 },
      runDir: path("run"),
      aliveFile: null,
      network: { mode: "none" },
      stopSignal: 15,
      stopTimeout: 10,
      timeout: 0,
      restart: { policy: "no", max: 0 },
      cleanup: null,
      cleanupAlways: false,
      ...changes,
    };
  }

  run(options: RelayOptions = {}): Relay {
    return new Relay(this.workshop, ["run", this.directory], options);
  }

  attach(options: RelayOptions = {}): Relay {
    return new Relay(this.workshop, ["attach", this.socket], options);
  }

  /** Runs it in the foreground to its end. */
  async output(options: RelayOptions = {}): Promise<Relay> {
    const relay = this.run({ attach: "stdin,stdout,stderr", ...options });
    await relay.exit;
    await relay.told();
    return relay;
  }

  /** Runs it in the background; a start that fails is an error. */
  async background(options: RelayOptions = {}): Promise<void> {
    const relay = this.run(options);
    const code = await relay.exit;
    if (code !== 0) throw new Error(`exit code ${code}: ${JSON.stringify(relay.events)}${relay.stderr}`);
  }

  get socket(): string {
    return join(this.directory, "run/attach");
  }

  get status(): Status {
    return JSON.parse(readFileSync(join(this.directory, "status.json"), "utf8"));
  }

  get log(): string {
    return readFileSync(join(this.directory, "log"), "utf8");
  }

  exists(name: string): boolean {
    return existsSync(join(this.directory, name));
  }

  client(flags = 0): Promise<Client> {
    return Client.open(this.socket, flags);
  }

  async waitFor(status: string): Promise<Status> {
    await waitUntil(() => this.exists("status.json") && this.status.status === status, {
      what: `status ${status} (${this.exists("status.json") ? JSON.stringify(this.status) : "none"})`,
    });
    return this.status;
  }

  /** Stops it if it runs, whatever has become of it. */
  async end(): Promise<void> {
    if (!this.exists("status.json") || this.status.status === "exited") return;
    const { monitor, init } = this.status;
    for (const pid of [init?.pid, monitor.pid]) {
      try {
        if (pid) process.kill(pid, "SIGKILL");
      } catch {}
    }
  }
}

/** One more process of a running container. */
export class ExecSession {
  readonly directory: string;
  private readonly bundle: Bundle;
  private static count = 0;

  constructor(
    bundle: Bundle,
    args: string[],
    changes: Record<string, unknown> = {},
    processChanges: Record<string, unknown> = {},
  ) {
    const session = `s${ExecSession.count++}`;
    this.bundle = bundle;
    this.directory = join(bundle.directory, session);
    mkdirSync(this.directory, { mode: 0o700 });
    const monitor = JSON.parse(readFileSync(join(bundle.directory, "monitor.json"), "utf8"));
    const config = {
      version: 1,
      id: bundle.id,
      session,
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args,
        env: ["PATH=/bin"],
        cwd: "/",
        ...processChanges,
      },
      openStdin: false,
      runDir: this.directory,
      aliveFile: null,
      init: bundle.status.init,
      runtime: monitor.runtime,
      preserveFds: [],
      cleanup: null,
      ...changes,
    };
    writeFileSync(join(this.directory, "exec.json"), JSON.stringify(config));
  }

  run(options: RelayOptions = {}): Relay {
    return new Relay(this.bundle.workshop, ["exec", this.bundle.directory, this.directory], options);
  }

  get status(): Status {
    return JSON.parse(readFileSync(join(this.directory, "status.json"), "utf8"));
  }
}

/** What a sanitizer, or valgrind, needs of its own is not measured. */
const measured = !/asan|memcheck/.test(nativeDirectory);

/** Resident memory in kB: all of it, and what is the process's alone. */
export function memoryOf(pid: number): { resident: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const value = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return measured ? { resident: value("VmRSS"), anonymous: value("RssAnon") } : { resident: 0, anonymous: 0 };
}
