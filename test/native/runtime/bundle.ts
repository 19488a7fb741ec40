/** Containers for the tests of coracle-runtime: bundles with a busybox rootfs, run as root of a user namespace. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { delegatedCgroup } from "../../support/cgroup.ts";
import { Running, type RunOptions, type RunResult, run } from "../../support/process.ts";
import type { Requirement } from "../../support/requirements.ts";

const bin =
  process.env.CORACLE_BIN || process.env.CORACLE_ASAN_BIN || join(import.meta.dirname, "../../../bin");
export const program = process.env.CORACLE_RUNTIME || join(bin, "coracle-runtime");

const NAMESPACE = [
  "unshare",
  "--user",
  "--map-root-user",
  "--map-auto",
  "--mount",
  "--propagation=slave",
  "--",
];
const APPLETS =
  "sh cat echo sleep true false head id ls mkdir touch rm ps mount umount hostname ifconfig grep stat readlink kill env " +
  "tty stty pwd unshare dd wc cut test ionice chmod ip tr";
const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETGID",
  "CAP_SETUID",
];

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

export interface Config {
  ociVersion: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests put anything into a process
  process: Record<string, any>;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  domainname?: string;
  mounts: Mount[];
  hooks?: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests put anything into it
  linux: Record<string, any>;
  annotations?: Record<string, string>;
}

function defaultConfig(): Config {
  return structuredClone({
    ociVersion: "1.2.0",
    process: {
      args: ["true"],
      cwd: "/",
      env: ["PATH=/bin"],
      user: { uid: 0, gid: 0 },
      noNewPrivileges: true,
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
    },
    root: { path: "rootfs" },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=65536k"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
      },
    ],
    linux: { namespaces: ["mount", "pid", "ipc", "uts", "network", "cgroup"].map((type) => ({ type })) },
  });
}

let namespaces: Requirement | "unknown" = "unknown";

/** Subordinate ids, newuidmap and leave to make user namespaces. */
export async function mappedNamespace(): Promise<Requirement> {
  if (namespaces === "unknown") {
    const { exitCode, stderr } = await run([...NAMESPACE, "true"]);
    namespaces = exitCode === 0 ? undefined : `no user namespace with subordinate ids: ${stderr.trim()}`;
  }
  return namespaces;
}

export function inside(argv: string[], options: RunOptions = {}): Promise<RunResult> {
  return run([...NAMESPACE, ...argv], { env: environment(), ...options });
}

/** Leaks can't be looked for in a process that denies inspection. */
function environment(): Record<string, string | undefined> {
  return { ...process.env, ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1" };
}

export class Bundle {
  readonly directory: string;
  readonly config: Config = defaultConfig();

  constructor() {
    this.directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "r-"));
    for (const name of ["bin", "etc", "proc", "dev", "sys", "tmp"]) {
      mkdirSync(this.inRootfs(name), { recursive: true });
    }
    copyFileSync("/bin/busybox", this.inRootfs("bin/busybox"));
    chmodSync(this.inRootfs("bin/busybox"), 0o755);
    for (const applet of APPLETS.split(" ")) symlinkSync("busybox", this.inRootfs(`bin/${applet}`));
    onTestFinished(() => this.remove());
  }

  get rootfs(): string {
    return join(this.directory, "rootfs");
  }

  /** Where the runtime keeps its state. */
  get state(): string {
    return join(this.directory, "state");
  }

  inRootfs(path: string): string {
    return join(this.rootfs, path);
  }

  /** A file or directory of the host that a container must not touch. */
  outside(name: string): string {
    return join(this.directory, name);
  }

  mount(mount: Mount): this {
    this.config.mounts.push(mount);
    return this;
  }

  withoutMount(destination: string): this {
    this.config.mounts = this.config.mounts.filter((mount) => mount.destination !== destination);
    return this;
  }

  namespace(type: string, path?: string): this {
    const others = this.config.linux.namespaces.filter((one: { type: string }) => one.type !== type);
    this.config.linux.namespaces = [...others, path === undefined ? { type } : { type, path }];
    return this;
  }

  withoutNamespace(type: string): this {
    this.config.linux.namespaces = this.config.linux.namespaces.filter(
      (one: { type: string }) => one.type !== type,
    );
    return this;
  }

  /** A cgroup in what is delegated to the tests; undefined where nothing is. */
  useCgroup(): string | undefined {
    const parent = delegatedCgroup();
    if (parent === undefined) return undefined;
    const directory = join(parent, this.directory.slice(this.directory.lastIndexOf("/") + 1));
    this.config.linux.cgroupsPath = directory.slice("/sys/fs/cgroup".length);
    return directory;
  }

  write(): void {
    writeFileSync(join(this.directory, "config.json"), JSON.stringify(this.config));
  }

  /** `coracle-runtime run` of the arguments, or of what the configuration has. */
  run(args?: string[], options?: RunOptions): Promise<RunResult> {
    if (args) this.config.process.args = args;
    this.write();
    return inside([program, "--root", this.state, "run", "c"], { cwd: this.directory, ...options });
  }

  /** Runs a shell script in the container, which must succeed, and returns what it prints. */
  async sh(script: string): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await this.run(["sh", "-ec", script]);
    if (exitCode !== 0) throw new Error(`${script}: exit code ${exitCode ?? signal}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The message of a run that must fail before the container's program is run. */
  async refusal(args?: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args);
    if (exitCode === 0 || !stderr.startsWith("Error: "))
      throw new Error(`was not refused: ${stdout}${stderr}`);
    if (existsSync(join(this.state, "c"))) throw new Error("left its state behind");
    return stderr.slice("Error: ".length).trimEnd();
  }

  /** A shell script beside the container, in which `rt` is the runtime. */
  script(script: string, options: RunOptions = {}): Promise<RunResult> {
    this.write();
    const prelude = 'program=$1 state=$2; rt() { "$program" --root "$state" "$@"; }\n';
    return inside(["sh", "-c", `${prelude}${script}`, "sh", program, this.state], {
      cwd: this.directory,
      ...options,
    });
  }

  /** The same, which must succeed. */
  async output(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.script(`set -e\n${script}`);
    if (exitCode !== 0) throw new Error(`${script}\nexit code ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  /** A script that is kept running. */
  spawn(script: string): Running {
    this.write();
    const prelude = 'program=$1 state=$2; rt() { "$program" --root "$state" "$@"; }\n';
    const argv = [...NAMESPACE, "sh", "-c", `${prelude}${script}`, "sh", program, this.state];
    return new Running(argv, { cwd: this.directory, env: environment() });
  }

  private async remove(): Promise<void> {
    if (existsSync(this.state)) {
      await this.script('for c in "$state"/*; do [ ! -e "$c" ] || rt delete --force "${c##*/}"; done');
    }
    await inside(["rm", "-rf", this.directory]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The fields of /proc/PID/status. */
export function statusFields(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
}

/** Mount point → its options and type, the topmost mount of each. */
export function mountTable(
  text: string,
): Record<string, { options: string[]; type: string; optional: string }> {
  const table: ReturnType<typeof mountTable> = {};
  for (const line of text.split("\n").filter(Boolean)) {
    const [left, right] = line.split(" - ") as [string, string];
    const fields = left.split(" ");
    table[fields[4]!] = {
      options: fields[5]!.split(","),
      type: right.split(" ")[0]!,
      optional: fields.slice(6).join(" "),
    };
  }
  return table;
}

/** A directory with a file in it whose state tells whether somebody was there. */
export class Sentinel {
  readonly directory: string;

  constructor(bundle: Bundle) {
    this.directory = bundle.outside("sentinel");
    mkdirSync(this.directory);
    writeFileSync(join(this.directory, "file"), "untouched");
    chmodSync(this.directory, 0o777);
    chmodSync(join(this.directory, "file"), 0o666);
  }

  contents(): string {
    return readFileSync(join(this.directory, "file"), "utf8");
  }
}
