/**
 * Hundreds of crash rounds by hand: `node test/bench/crash.ts [ROUNDS [SEED [SCENARIO]]]`, in the surroundings of the
 * tests (test/support/as-user.sh). Prints what went wrong and how long the first command after a crash took.
 */
import { CrashRig, type Round, scenarios, seeded, victimsOf } from "../support/crash.ts";
import { Home } from "../support/home.ts";
import { layeredArchive, pushArchive } from "../support/layered-image.ts";
import { startRegistry } from "../support/registry.ts";

const rounds = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const only = process.argv[4];
console.log(`${rounds} rounds, seed ${seed}`);

const random = seeded(seed);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const home = new Home();
const registry = await startRegistry();
const failed: Round[] = [];
const recoveries: Record<string, number[]> = {};
try {
  await home.loadBusybox();
  const remote = pushArchive(layeredArchive("remote"), `${registry.address}/crash:1`);
  const all = scenarios(remote, layeredArchive("loaded"), "localhost/loaded:latest");
  const chosen = only === undefined ? all : all.filter(({ name }) => name === only);
  const rig = new CrashRig(home, random);
  for (let i = 0; i < rounds; i++) {
    const scenario = pick(chosen);
    const round = await rig.round(scenario, pick(victimsOf(scenario)));
    const times = recoveries[round.next] ?? [];
    recoveries[round.next] = [...times, round.recovery];
    if (round.problems.length === 0) continue;
    failed.push(round);
    const { victim, delay, killed, problems } = round;
    console.log(
      `${i}: ${scenario.name}, ${victim} after ${delay.toFixed(0)} ms (${killed.join(" ") || "nobody"})`,
    );
    for (const problem of problems) console.log(`    ${problem.trimEnd()}`);
  }
} finally {
  await registry.stop();
  await home.remove();
}
for (const [next, times] of Object.entries(recoveries)) {
  times.sort((a, b) => a - b);
  const at = (part: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * part))] as number).toFixed(0);
  console.log(
    `${next} after a crash: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms (${times.length})`,
  );
}
console.log(`${rounds} rounds, ${failed.length} with problems, seed ${seed}`);
process.exitCode = failed.length > 0 ? 1 : 0;
