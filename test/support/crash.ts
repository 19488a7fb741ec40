/**
 * Crash rounds: start a command, `kill -9` something of ours at a random moment, look what the next command makes of it.
 * The same seed gives the same choices, though not the same moments: those depend on the machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Home } from "./home.ts";
import { type Running, waitUntil } from "./process.ts";

/** A small generator with a seed (mulberry32): rounds can be told and repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Scenario {
  name: string;
  /** Commands that make the ground for it. */
  before: string[][];
  command: string[];
}

/** Whom a round kills: a process by its part, a random one, all of ours or really all of them in random order. */
export type Victim =
  | "engine"
  | "monitor"
  | "relay"
  | "holder"
  | "slirp4netns"
  | "layer"
  | "one"
  | "tree"
  | "all";

export function victimsOf(scenario: Scenario): Victim[] {
  const always: Victim[] = ["engine", "engine", "holder", "one", "tree", "tree", "all"];
  if (/^(pull|load|rmi|commit)$/.test(scenario.name)) return [...always, "layer"];
  if (/^(create|rename|rm -v|volume .*)$/.test(scenario.name)) return always;
  const running: Victim[] = [...always, "monitor", "monitor", "relay"];
  return scenario.name.includes("slirp4netns") ? [...running, "slirp4netns"] : running;
}

export interface Round {
  scenario: string;
  victim: Victim;
  /** When, in milliseconds after the start of the command. */
  delay: number;
  /** Names of the processes that were killed. */
  killed: string[];
  /** What the next command was and how long it took. */
  next: string;
  recovery: number;
  problems: string[];
}

/** A command may take this much longer after a crash than it usually does, in milliseconds. */
const PATIENCE = 1000;
/** Of what one round leaves, this much is told. */
const SHOWN = 12;
/** What ends by itself after the last command does so within this time. */
const SETTLE = 5000;

const sleeper = ["bb", "sleep", "1000"];
const quiet = ["--network", "none"];

/** `remote` is the reference of an image in a registry, `archive` a file with another one. */
export function scenarios(remote: string, archive: string, archived: string): Scenario[] {
  const running = ["run", "-d", "--name", "c", "-t", ...quiet, ...sleeper];
  const slirp = ["--network", "slirp4netns", "-p", "127.0.0.1::80"];
  return [
    { name: "pull", before: [["rmi", "-f", remote]], command: ["pull", "-q", "--tls-verify=false", remote] },
    { name: "load", before: [["rmi", "-f", archived]], command: ["load", "-q", "-i", archive] },
    { name: "rmi", before: [["load", "-q", "-i", archive]], command: ["rmi", archived] },
    {
      name: "commit",
      before: [running, ["rmi", "-f", "made"]],
      command: ["commit", "-q", "--pause", "c", "made"],
    },
    { name: "run -d", before: [], command: ["run", "-d", "--name", "c", ...quiet, ...sleeper] },
    { name: "run -d slirp4netns", before: [], command: ["run", "-d", "--name", "c", ...slirp, ...sleeper] },
    {
      name: "run -d --rm -v",
      before: [],
      command: ["run", "-d", "--rm", "--name", "c", "-v", "/data", ...quiet, ...sleeper],
    },
    {
      name: "run",
      before: [],
      command: ["run", "--name", "c", ...quiet, "bb", "sh", "-c", "sleep 0.1; echo x"],
    },
    {
      name: "run --rm -v",
      before: [],
      command: ["run", "--rm", "--name", "c", "-v", "/etc", ...quiet, "bb", "sh", "-c", "sleep 0.1; echo x"],
    },
    {
      name: "run --rm slirp4netns",
      before: [],
      command: ["run", "--rm", "--name", "c", ...slirp, "bb", "sleep", "0.1"],
    },
    {
      name: "run --user --pid=host",
      before: [],
      command: ["run", "-d", "--name", "c", "--user", "1000", "--pid", "host", ...quiet, ...sleeper],
    },
    { name: "create", before: [], command: ["create", "--name", "c", "-v", "/data", ...sleeper] },
    { name: "start", before: [["create", "--name", "c", ...quiet, ...sleeper]], command: ["start", "c"] },
    { name: "exec", before: [running], command: ["exec", "c", "sleep", "0.1"] },
    { name: "exec -d", before: [running], command: ["exec", "-d", "c", "sleep", "1000"] },
    { name: "stop", before: [running], command: ["stop", "-t", "0", "c"] },
    { name: "restart", before: [running], command: ["restart", "-t", "0", "c"] },
    { name: "rm -f", before: [running], command: ["rm", "-fv", "-t", "0", "c"] },
    {
      name: "rm -v",
      before: [["create", "--name", "c", "-v", "/data", ...sleeper]],
      command: ["rm", "-v", "c"],
    },
    { name: "rename", before: [["create", "--name", "c", ...sleeper]], command: ["rename", "c", "d"] },
    { name: "volume create", before: [], command: ["volume", "create", "v"] },
    { name: "volume rm", before: [["volume", "create", "v"]], command: ["volume", "rm", "v"] },
  ];
}

export class CrashRig {
  private readonly home: Home;
  private readonly random: () => number;
  private readonly reported = new Set<string>();
  private orphaned = false;
  private kept = false;
  private readonly usual = new Map<string, number>();

  constructor(home: Home, random: () => number) {
    this.home = home;
    this.random = random;
  }

  /** One round; leaves nothing behind, so that the next can begin. */
  async round(scenario: Scenario, victim: Victim): Promise<Round> {
    const usual = await this.usualTime(scenario);
    for (const args of scenario.before) await this.home.coracle(...args);
    const delay = this.random() * usual * 1.1;
    const round: Round = {
      scenario: scenario.name,
      victim,
      delay,
      killed: [],
      next: "",
      recovery: 0,
      problems: [],
    };
    const running = this.home.start(scenario.command);
    await new Promise((resolve) => setTimeout(resolve, delay));
    round.killed = this.kill(victim, running);
    this.orphaned = hasUnreapedOrphans();
    await this.ended(running, scenario, round);
    if (this.random() < 0.5) await this.look(round);
    await this.repeat(scenario, round);
    await this.tidy(round);
    return round;
  }

  /**
   * A round in which each process of the command is killed at its nth system call of that name, if it gets so far; `killed`
   * is empty when none did. A traced process can't call newuidmap, so that the namespace must be there: see keepNamespace.
   */
  async step(scenario: Scenario, call: string, n: number): Promise<Round> {
    await this.usualTime(scenario);
    for (const args of scenario.before) await this.home.coracle(...args);
    const round: Round = {
      scenario: scenario.name,
      victim: "engine",
      delay: n,
      killed: [],
      next: "",
      recovery: 0,
      problems: [],
    };
    const trace = join(this.home.directory, "tmp/trace");
    const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${n}`];
    const argv = ["strace", "-f", "-qq", "-o", trace, ...inject, this.home.program, ...scenario.command];
    // It stays with a container that goes on, too: that one is left to itself then.
    const running = this.home.spawn(argv, { timeout: 4000 });
    await running.done.catch(() => {});
    round.killed = read(trace).match(/.*SIGKILL/g) ?? [];
    this.orphaned = hasUnreapedOrphans();
    if (n % 2 === 0) await this.look(round);
    await this.repeat(scenario, round);
    await this.tidy(round);
    return round;
  }

  /** Keeps the user's namespace open from outside of the home until the returned process is killed. */
  keepNamespace(): ChildProcess {
    this.kept = true;
    const alive = join(this.home.runtimeDirectory, "coracle/alive");
    return spawn("flock", ["--shared", alive, "sleep", "100000"], { stdio: "ignore", detached: true });
  }

  /** How long a scenario's command takes when nobody is killed; measured once. */
  private async usualTime(scenario: Scenario): Promise<number> {
    const known = this.usual.get(scenario.name);
    if (known !== undefined) return known;
    for (const args of scenario.before) await this.home.coracle(...args);
    const start = performance.now();
    await this.home.ok(...scenario.command);
    const time = performance.now() - start;
    this.usual.set(scenario.name, time);
    await this.clear();
    return time;
  }

  private async clear(): Promise<void> {
    await this.home.coracle("rm", "-fav", "-t", "0");
    await this.home.coracle("volume", "rm", "-f", "v");
  }

  private kill(victim: Victim, running: Running): string[] {
    const processes = this.home.processes().map((pid) => ({ pid, part: partOf(pid) }));
    const ours = processes.filter(({ part }) => part !== undefined && part !== "container");
    const engine = running.child.pid as number;
    const chosen = (() => {
      switch (victim) {
        case "engine":
          return ours.filter(({ pid }) => pid === engine);
        case "one":
          return ours
            .slice()
            .sort(() => this.random() - 0.5)
            .slice(0, 1);
        case "tree":
          return ours.slice().sort(() => this.random() - 0.5);
        case "all":
          return processes.slice().sort(() => this.random() - 0.5);
        default:
          return ours.filter(({ part }) => part === victim);
      }
    })();
    return chosen.flatMap(({ pid, part }) => {
      try {
        process.kill(pid, "SIGKILL");
        return [part ?? "container"];
      } catch {
        return []; // gone, or a process of a container that the test user may not signal
      }
    });
  }

  /** Whatever was killed, the command ends. */
  private async ended(running: Running, scenario: Scenario, round: Round): Promise<void> {
    const start = performance.now();
    const timeout = 10_000;
    try {
      await waitUntil(() => running.child.exitCode !== null || running.child.signalCode !== null, {
        timeout,
      });
    } catch {
      round.problems.push("the command hangs");
      running.child.kill("SIGKILL");
    }
    const took = performance.now() - start;
    if (await this.isLate(scenario, took))
      round.problems.push(`the command took ${took.toFixed(0)} ms to end`);
    const { stderr } = running;
    if (/internal error|\bat .*\(.*:\d+:\d+\)|lock order/.test(stderr))
      round.problems.push(`the command said: ${stderr}`);
  }

  /** A list of containers is the truth, and whatever isn't shown as running doesn't run any more. */
  private async look(round: Round): Promise<void> {
    const normal = await this.usualTime({ name: "ps -a", before: [], command: ["ps", "-a"] });
    const format = "{{.ID}} {{.State}} {{.Names}}";
    const { took, result } = await this.timed(["ps", "-a", "--no-trunc", "--format", format]);
    round.next = "ps -a";
    round.recovery = took - normal;
    // Where there is something to heal, ps starts itself again inside the namespace.
    if (
      took > 2 * normal + PATIENCE &&
      (await this.isLate({ name: "ps -a", before: [], command: ["ps", "-a"] }, took))
    )
      round.problems.push(`ps -a took ${took.toFixed(0)} ms (usually ${normal.toFixed(0)})`);
    if (result.exitCode !== 0) round.problems.push(`ps -a: ${result.exitCode}: ${result.stderr}`);
    for (const line of result.stdout.split("\n").filter(Boolean)) {
      const [id, state] = line.split(" ") as [string, string];
      const isSo = () => this.containerProcesses(id).length > 0 === (state === "running");
      if (await this.settles(isSo, SETTLE)) continue;
      // It may have ended since.
      const now = await this.home.coracle("ps", "-a", "--no-trunc", "--format", format);
      if (now.stdout.includes(line))
        round.problems.push(`ps -a shows ${state}, processes: ${this.containerProcesses(id).length}`);
    }
  }

  /** The same command once more: nothing stands in its way but what its predecessor really did. */
  private async repeat(scenario: Scenario, round: Round): Promise<void> {
    if (this.random() < 0.5) return;
    await this.makeWay(scenario);
    const { took, result } = await this.timed(scenario.command);
    if (result.exitCode !== 0) round.problems.push(`again: ${result.exitCode}: ${result.stderr}`);
    if (await this.isLate(scenario, took)) round.problems.push(`again took ${took.toFixed(0)} ms`);
  }

  private async makeWay(scenario: Scenario): Promise<void> {
    for (const name of ["c", "d"]) await this.home.coracle("rm", "-fv", "-t", "0", name);
    await this.home.coracle("volume", "rm", "-f", "v");
    for (const args of scenario.before) await this.home.coracle(...args);
  }

  /**
   * More than usual, and not because the machine has become slow: an unharmed run tells. Nor because of a process 1 that
   * takes its time to reap what we orphaned: until then a pid namespace with such a process can't end.
   */
  private async isLate(scenario: Scenario, took: number): Promise<boolean> {
    if (took <= (this.usual.get(scenario.name) as number) + PATIENCE) return false;
    if (this.orphaned) return false;
    await this.makeWay(scenario);
    const control = await this.timed(scenario.command);
    return took > 2 * control.took + PATIENCE;
  }

  /** How long it takes now to remove a container that nothing was done to. */
  private async removalTime(): Promise<number> {
    await this.home.coracle("run", "-d", ...quiet, ...sleeper);
    return (await this.timed(["rm", "-fav", "-t", "0"])).took;
  }

  private async tidy(round: Round): Promise<void> {
    const { took, result } = await this.timed(["rm", "-fav", "-t", "0"]);
    if (round.next === "") {
      round.next = "rm -fa";
      round.recovery = took;
    }
    if (took > 2 * PATIENCE && !this.orphaned && took > 2 * (await this.removalTime()) + PATIENCE)
      round.problems.push(`rm -fa took ${took.toFixed(0)} ms`);
    if (result.exitCode !== 0) round.problems.push(`rm -fa: ${result.exitCode}: ${result.stderr}`);
    await this.settles(() => this.news().length === 0, SETTLE);
    const news = this.news();
    for (const left of news) this.reported.add(left);
    round.problems.push(...news.slice(0, SHOWN).map((left) => `left: ${left}`));
    const check = await this.home.coracle("system", "check");
    if (check.exitCode !== 0) round.problems.push(`system check: ${check.stdout}${check.stderr}`);
    await this.home.coracle("volume", "rm", "-f", "v");
    if (round.problems.length > 0) await this.home.coracle("rm", "-fav", "-t", "0");
  }

  /** Leftovers that no earlier round was blamed for. */
  private news(): string[] {
    return this.leftovers().filter((left) => !this.reported.has(left));
  }

  /** More than `home.leftovers()`: empty directories, names, locks and volumes too. */
  leftovers(): string[] {
    const { home } = this;
    const list = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);
    const inStore = ["containers", "names", "staging", "locks"].flatMap((name) =>
      list(join(home.store, name)).map((entry) => `${name}/${entry}`),
    );
    const volumes = list(join(home.store, "volumes")).filter((name) => name !== "v");
    const temporary = list(home.store).filter((name) => name.endsWith(".tmp"));
    const run = join(home.runtimeDirectory, "coracle");
    const runs = ["runtime", ...list(join(run, "containers")).map((store) => `containers/${store}`)].flatMap(
      (name) =>
        list(join(run, name))
          .filter((entry) => !entry.startsWith("."))
          .map((entry) => `run/${name}/${entry}`),
    );
    return [
      ...new Set([
        ...home.leftovers().filter((left) => !(this.kept && left.endsWith("coracle-holder"))),
        ...inStore,
        ...volumes.map((name) => `volume ${name}`),
        ...temporary,
        ...runs,
      ]),
    ];
  }

  private containerProcesses(id: string): number[] {
    return this.home.processes().filter((pid) => read(`/proc/${pid}/cgroup`).includes(id) && !isZombie(pid));
  }

  private async timed(args: string[]) {
    const start = performance.now();
    const result = await this.home.coracle(...args);
    return { result, took: performance.now() - start };
  }

  private async settles(condition: () => boolean, timeout: number): Promise<boolean> {
    return await waitUntil(condition, { timeout }).then(
      () => true,
      () => false,
    );
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Zombies of this user whose parent is process 1. */
function hasUnreapedOrphans(): boolean {
  return readdirSync("/proc").some((name) => {
    const status = /^\d+$/.test(name) ? read(`/proc/${name}/status`) : "";
    return /^State:\s+Z/m.test(status) && /^PPid:\s+1$/m.test(status);
  });
}

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(read(`/proc/${pid}/status`));
}

/** Which part of ours a process is; "container" for one in a container's cgroup, undefined when it is gone. */
export function partOf(pid: number): string | undefined {
  const name = read(`/proc/${pid}/comm`).trim();
  if (name === "") return undefined;
  if (name === "coracle-holder") return "holder";
  if (/coracle-[0-9a-f]{64}/.test(read(`/proc/${pid}/cgroup`))) return "container";
  if (name === "slirp4netns") return "slirp4netns";
  if (name === "coracle-layer") return "layer";
  // A monitor is the leader of its session, its relay is not.
  if (name.startsWith("coracle-monito")) return sessionOf(pid) === pid ? "monitor" : "relay";
  return "engine";
}

function sessionOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
}
