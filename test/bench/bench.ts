/**
 * Times Coracle and Podman side by side in one run, alternating, and prints medians and their ratio. Both have a fresh
 * home with native overlay storage and the same images. Nothing is asserted: numbers depend on the machine. Arguments are
 * parts of the names of cases, and paths of OCI archives (`*.oci.tar`), each of which is pulled, pushed, saved and loaded.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { busyboxArchive } from "../support/images.ts";
import { benchImages } from "./images.ts";
import { networkCases } from "./network-cases.ts";
import { registryCases } from "./registry-cases.ts";
import { runtimeCase } from "./runtime-case.ts";

const home = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "bench-"));
const prefix = process.env.CORACLE_TEST_PREFIX;
const coracle = prefix ? join(prefix, "bin/coracle") : join(import.meta.dirname, "../../bin/coracle");
const env = { ...process.env, HOME: home, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined };
mkdirSync(join(home, ".config/containers"), { recursive: true });
writeFileSync(join(home, ".config/containers/storage.conf"), '[storage]\ndriver = "overlay"\n');

export type Engine = "coracle" | "podman";
const programs: Record<Engine, string> = { coracle, podman: "podman" };
const engines: Engine[] = ["coracle", "podman"];

function call(engine: Engine, args: string[]): string {
  const result = spawnSync(programs[engine], args, { env, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${engine} ${args.join(" ")}: ${result.status}: ${result.stderr}`);
  return result.stdout;
}

function once(engine: Engine, args: string[]): number {
  const start = process.hrtime.bigint();
  const result = spawnSync(programs[engine], args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  if (result.status !== 0) throw new Error(`${engine} ${args.join(" ")}: ${result.status}: ${result.stderr}`);
  return took;
}

async function together(engine: Engine, count: number, args: string[]): Promise<number> {
  const start = process.hrtime.bigint();
  const codes = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<number | null>((resolve) => {
          spawn(programs[engine], args, { env, stdio: "ignore" }).once("exit", resolve);
        }),
    ),
  );
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  const failed = codes.filter((code) => code !== 0).length;
  if (failed > 0) throw new Error(`${engine}: ${failed} of ${count} failed`);
  return took;
}

export interface Case {
  name: string;
  target: number;
  rounds: number;
  before?: (engine: Engine) => void;
  measure: (engine: Engine) => number | Promise<number>;
  after?: (engine: Engine) => void;
}

/** What cases in other files need. */
export interface Bench {
  home: string;
  env: NodeJS.ProcessEnv;
  program: (engine: Engine) => string;
  call: typeof call;
  once: typeof once;
  row: typeof row;
}

const simple = (name: string, target: number, args: string[], more: Partial<Case> = {}): Case => ({
  name,
  target,
  rounds: 21,
  measure: (engine) => once(engine, args),
  ...more,
});

const image = "localhost/bb";
const sleeper = {
  before: startSleeper,
  after: (engine: Engine) => void call(engine, ["rm", "-f", "-t", "0", "s"]),
};

function startSleeper(engine: Engine): void {
  call(engine, ["run", "-d", "--name", "s", "--network", "none", image, "sleep", "1000"]);
}

function make200(engine: Engine): void {
  for (let i = 0; i < 200; i++) call(engine, ["create", "--network", "none", image, "true"]);
}
const remove200 = (engine: Engine) => void call(engine, ["rm", "-fa", "-t", "0"]);

/** The archive of an image of ours. */
function ownArchive(name: string): string {
  const file = join(home, `${name}.oci.tar`);
  if (!existsSync(file)) writeFileSync(file, (benchImages[name] as () => Buffer)());
  return file;
}

const cases: Case[] = [
  simple("run --rm --network none IMAGE true", 0.4, ["run", "--rm", "--network", "none", image, "true"]),
  simple("run --rm IMAGE true", 0.5, ["run", "--rm", image, "true"]),
  simple("exec CONTAINER true", 0.4, ["exec", "s", "true"], sleeper),
  simple("ps", 0.8, ["ps"], sleeper),
  simple("images", 0.8, ["images"]),
  simple("inspect CONTAINER", 0.8, ["inspect", "s"], sleeper),
  simple("--version", 1.0, ["--version"]),
  {
    name: "20 run --rm at once",
    target: 0.4,
    rounds: 3,
    measure: (engine) => together(engine, 20, ["run", "--rm", "--network", "none", image, "true"]),
  },
  {
    name: "load of 50,000 files",
    target: 0.6,
    rounds: 3,
    before: () => void ownArchive("small50k"),
    measure: (engine) => {
      const took = once(engine, ["load", "-q", "-i", ownArchive("small50k")]);
      call(engine, ["rmi", "localhost/small50k"]);
      return took;
    },
  },
  simple("ps -a with 200 containers", 0.5, ["ps", "-a"], { rounds: 7, before: make200, after: remove200 }),
  {
    name: "rm -fa of 200 containers",
    target: 0.4,
    rounds: 1,
    before: make200,
    measure: (engine) => once(engine, ["rm", "-fa", "-t", "0"]),
  },
];

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

function processes(): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return statSync(`/proc/${pid}`).uid === process.getuid?.();
    } catch {
      return false; // ended meanwhile
    }
  });
}

/** Podman's `cleanup` goes on behind the command's back: what one leaves running must not slow the other. */
async function settle(before: readonly string[]): Promise<void> {
  for (let waited = 0; waited < 2000 && processes().some((pid) => !before.includes(pid)); waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function measure(one: Case): Promise<void> {
  const times: Record<Engine, number[]> = { coracle: [], podman: [] };
  for (const engine of engines) one.before?.(engine);
  if (one.rounds > 3) for (const engine of engines) await one.measure(engine); // warm
  await new Promise((resolve) => setTimeout(resolve, 500));
  const resting = processes();
  for (let round = 0; round < one.rounds; round++) {
    for (const engine of engines) {
      times[engine].push(await one.measure(engine));
      await settle(resting);
    }
  }
  for (const engine of engines) one.after?.(engine);
  const [ours, theirs] = [median(times.coracle), median(times.podman)];
  row(one.name, `${ours.toFixed(1)} ms`, `${theirs.toFixed(1)} ms`, ours / theirs, one.target);
}

function row(name: string, ours: string, theirs: string, ratio: number, target: number): void {
  const verdict = ratio <= target ? "" : "  over";
  console.log(
    `${name.padEnd(38)}${ours.padStart(11)}${theirs.padStart(11)}${ratio.toFixed(2).padStart(8)}${target.toFixed(2).padStart(9)}${verdict}`,
  );
}

/** Resident memory of the process that supervises a container, in kB, once it has come to rest. */
async function monitorMemory(): Promise<void> {
  for (const engine of engines) startSleeper(engine);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const rss = (name: string) => {
    for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        if (command.endsWith(name)) return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
      } catch {
        // ended meanwhile
      }
    }
    throw new Error(`no ${name} runs`);
  };
  const [ours, theirs] = [rss("coracle-monitor"), rss("conmon")];
  row("memory of monitor, conmon (RSS)", `${ours} kB`, `${theirs} kB`, ours / theirs, 0.5);
  for (const engine of engines) sleeper.after(engine);
}

const isArchive = (word: string) => word.endsWith(".oci.tar");
const words = process.argv.slice(2);
const wanted = words.filter((word) => !isArchive(word));
const chosen = (name: string) => wanted.length === 0 || wanted.some((word) => name.includes(word));
const given = words.filter(isArchive).map((file) => [basename(file, ".oci.tar"), () => file] as const);
const own = Object.keys(benchImages).map((name) => [name, () => ownArchive(name)] as const);
const archives = new Map(given.length > 0 ? given : own);
const bench = { home, env, program: (engine: Engine) => programs[engine], call, once, row };
let registry: Awaited<ReturnType<typeof registryCases>> | undefined;
try {
  for (const engine of engines) call(engine, ["load", "-q", "-i", busyboxArchive()]);
  registry = await registryCases(bench, archives);
  console.log(`${call("coracle", ["--version"]).trim()}, ${call("podman", ["--version"]).trim()}`);
  console.log(
    `${"".padEnd(38)}${"coracle".padStart(11)}${"podman".padStart(11)}${"ratio".padStart(8)}${"target".padStart(9)}`,
  );
  for (const one of [...cases, runtimeCase(bench), ...networkCases(bench), ...registry.cases])
    if (chosen(one.name)) await measure(one);
  if (chosen("memory of a pull")) await registry.memory();
  if (chosen("memory of monitor")) await monitorMemory();
} finally {
  await registry?.stop();
  for (const engine of engines)
    spawnSync(programs[engine], ["rm", "-fa", "-t", "0"], { env, stdio: "ignore" });
  spawnSync("podman", ["system", "migrate"], { env, stdio: "ignore" }); // ends its pause process
  // Files of subordinate ids can only be removed from within.
  if (existsSync(join(home, ".local/share/coracle")))
    spawnSync(coracle, ["system", "reset", "-f"], { env, stdio: "ignore" });
  spawnSync("podman", ["unshare", "rm", "-rf", join(home, ".local/share/containers")], {
    env,
    stdio: "ignore",
  });
  spawnSync("podman", ["system", "migrate"], { env, stdio: "ignore" });
  rmSync(home, { recursive: true, force: true });
}
