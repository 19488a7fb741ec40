/**
 * End-to-end tests run the built `coracle` as the current, ordinary user, each test file with a HOME, a store, a run
 * directory and a cgroup of its own:
 *
 *     import { expect, test } from "vitest";
 *     import { useHome } from "../support/home.ts";
 *
 *     const home = useHome({ image: true });        // makes it before the tests, checks and removes it after them
 *
 *     test("run prints what the container prints", async () => {
 *       expect(await home.coracle("run", "--rm", "bb", "echo", "hi")).toMatchObject({ exitCode: 0, stdout: "hi\n" });
 *     });
 *
 *  - home.coracle(…args)            runs to the end: { exitCode, signal, stdout, stderr, stdoutBytes, stderrBytes }
 *  - home.run(args, options)        the same with options: input, env, cwd, timeout
 *  - home.ok(…args)                 the same, fails unless it exits 0; returns stdout without its last newline
 *  - home.start(args, options)      keeps it running: .waitForOutput(/x/), .child, .done
 *  - home.exec(argv, options), home.spawn(argv, options)   the same with any other program
 *  - home.stored(directory)         the entries of a directory of the store; home.expectNothingStaged() waits for none in staging
 *  - home.expectNothingLeft()       no process, cgroup, mount or file in the run directory; runs after each file by itself,
 *                                   so stop what you start
 *  - home.expectNoImagesStay()      nothing of any image once all are removed
 *
 * With `image: true` the image `bb` (busybox, all applets, user `guest` with uid 1000) is loaded.
 *
 * What runs is $CORACLE_TEST_PREFIX/bin/coracle, else bin/coracle of this tree. Where vitest runs as root nothing of this
 * works: start it with `npm test`, or by hand with `sh test/support/as-user.sh USER …`.
 */
import { type Dirent, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { HomeCgroup } from "./cgroup.ts";
import { busyboxArchive } from "./images.ts";
import { commandLine, Running, type RunOptions, type RunResult, run, waitUntil } from "./process.ts";

export interface HomeOptions {
  /** Load the image `bb`. */
  image?: boolean;
  /** The installation to test instead of the usual one. */
  program?: string;
}

function defaultProgram(): string {
  const prefix = process.env.CORACLE_TEST_PREFIX || join(import.meta.dirname, "../..");
  return join(prefix, "bin/coracle");
}

/** Lives in every run directory once a command has run, and costs nothing: locks, a marker, compiled seccomp filters. */
const RUN_FILES = /^(alive|create|holder|containers\/[^/]+\/\.swept-.*|runtime\/\.seccomp\/.*)$/;

export class Home {
  readonly directory: string;
  readonly program: string;
  readonly env: Record<string, string>;
  private readonly cgroup: HomeCgroup | undefined;

  constructor(options: HomeOptions = {}) {
    if (process.getuid?.() === 0)
      throw new Error("end-to-end tests run as an ordinary user; start them with `npm test`");
    // Short: the path of a Unix socket has at most 107 characters, and with a run directory of 40 characters and more
    // Podman 4.3 waits for 20 s after each container in the foreground.
    this.directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "h-"));
    this.program = options.program ?? defaultProgram();
    for (const name of ["home", "run", "tmp"]) mkdirSync(join(this.directory, name), { mode: 0o700 });
    this.env = {
      HOME: join(this.directory, "home"),
      XDG_RUNTIME_DIR: this.runtimeDirectory,
      TMPDIR: join(this.directory, "tmp"),
      PATH: process.env.PATH ?? "/usr/bin:/bin:/usr/sbin:/sbin",
      USER: process.env.USER ?? "",
      LANG: "C.UTF-8",
      TERM: "dumb",
    };
    this.cgroup = HomeCgroup.create(this.directory.slice(this.directory.lastIndexOf("/") + 1));
  }

  get runtimeDirectory(): string {
    return join(this.directory, "run");
  }

  /** The default graphRoot. */
  get store(): string {
    return join(this.directory, "home/.local/share/coracle");
  }

  /** The entries of a directory of the store; none if it isn't there yet. */
  stored(directory: string): string[] {
    const path = join(this.store, directory);
    return existsSync(path) ? readdirSync(path) : [];
  }

  coracle(...args: string[]): Promise<RunResult> {
    return this.run(args);
  }

  run(args: string[], options: RunOptions = {}): Promise<RunResult> {
    return this.exec([this.program, ...args], options);
  }

  async ok(...args: string[]): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await this.run(args);
    if (exitCode !== 0) {
      throw new Error(`coracle ${args.join(" ")}: exit code ${exitCode ?? signal}\n${stdout}${stderr}`);
    }
    return stdout.replace(/\n$/, "");
  }

  start(args: string[], options: RunOptions & { keepStdin?: boolean } = {}): Running {
    return this.spawn([this.program, ...args], options);
  }

  exec(argv: string[], options: RunOptions = {}): Promise<RunResult> {
    return this.spawn(argv, options).done;
  }

  spawn(argv: string[], options: RunOptions & { keepStdin?: boolean } = {}): Running {
    return new Running(this.inCgroup(argv), this.withEnvironment(options));
  }

  async loadBusybox(): Promise<void> {
    await this.ok("load", "--input", busyboxArchive());
  }

  /** Every process that was started in this home, containers included; empty without a delegated cgroup. */
  processes(): number[] {
    return this.cgroup?.processes() ?? [];
  }

  /** What is still there of processes, cgroups, mounts and files, a line each. */
  leftovers(): string[] {
    const words = (pid: number) => commandLine(pid).replaceAll("\0", " ").trim() || "gone";
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    return [
      ...this.processes().map((pid) => `process ${pid}: ${words(pid)}`),
      ...(this.cgroup?.children() ?? []).map((name) => `cgroup ${name}`),
      ...mounts.filter((line) => line.includes(`${this.directory}/`)).map((line) => `mount ${line}`),
      ...filesBelow(join(this.runtimeDirectory, "coracle"))
        .filter((name) => !RUN_FILES.test(name))
        .map((name) => `run directory: ${name}`),
      ...filesBelow(join(this.store, "staging")).map((name) => `staging: ${name}`),
    ];
  }

  /** The last of it ends some milliseconds after the command that ended it. */
  async expectNothingLeft(timeout = 15_000): Promise<void> {
    await waitUntil(() => this.leftovers().length === 0, { timeout }).catch(() => {
      throw new Error(`left behind:\n${this.leftovers().join("\n")}`);
    });
  }

  /** A cleanup that an earlier command started may still be emptying its trash. */
  async expectNothingStaged(): Promise<void> {
    await waitUntil(() => this.stored("staging").length === 0, { timeout: 15_000 }).catch(() => {
      throw new Error(`left in staging:\n${this.stored("staging").join("\n")}`);
    });
  }

  /** Removes all images, and looks whether anything of them is left in the store. */
  async expectNoImagesStay(): Promise<void> {
    await this.ok("rmi", "--all", "--force");
    for (const directory of ["layers", "blobs/sha256"]) expect(this.stored(directory)).toEqual([]);
    await this.expectNothingStaged();
    expect(this.stored("locks")).toEqual([]);
  }

  async remove(): Promise<void> {
    this.cgroup?.kill();
    await waitUntil(() => !this.cgroup?.populated, { what: "the end of killed processes" });
    this.cgroup?.remove();
    // Files of containers belong to subordinate ids.
    await run(["unshare", "--map-root-user", "--map-auto", "rm", "-rf", this.directory]);
    await run(["rm", "-rf", this.directory]);
  }

  private withEnvironment<T extends RunOptions>(options: T): T {
    return { ...options, cwd: options.cwd ?? this.env.HOME, env: { ...this.env, ...options.env } };
  }

  private inCgroup(argv: string[]): string[] {
    if (!this.cgroup) return argv;
    return ["/bin/sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', this.cgroup.leaf, ...argv];
  }
}

/** Files, sockets and links, relative, and directories closed to us; empty ones are nobody's harm. */
function filesBelow(directory: string): string[] {
  const walk = (current: string, prefix: string): string[] => {
    let entries: Dirent[];
    try {
      entries = readdirSync(current, { withFileTypes: true });
    } catch (error) {
      // Commands that are still at work may have removed it meanwhile.
      return (error as NodeJS.ErrnoException).code === "EACCES" ? [prefix] : [];
    }
    return entries.flatMap((entry) =>
      entry.isDirectory()
        ? walk(join(current, entry.name), `${prefix}${entry.name}/`)
        : `${prefix}${entry.name}`,
    );
  };
  return walk(directory, "");
}

/** A home for the tests of the file, or of the `describe` that calls it. */
export function useHome(options: HomeOptions = {}): Home {
  const home = new Home(options);
  beforeAll(async () => {
    if (options.image) await home.loadBusybox();
  });
  afterAll(async () => {
    try {
      await home.expectNothingLeft();
    } finally {
      await home.remove();
    }
  });
  return home;
}
