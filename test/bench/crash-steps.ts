/**
 * Kills each process of a command at its first, second, … call that changes a directory, until none gets so far:
 * `node test/bench/crash-steps.ts [SCENARIO [MAX]]`, in the surroundings of the tests (test/support/as-user.sh). Needs strace.
 */
import { CrashRig, scenarios, seeded } from "../support/crash.ts";
import { Home } from "../support/home.ts";
import { layeredArchive, pushArchive } from "../support/layered-image.ts";
import { startRegistry } from "../support/registry.ts";

const calls = [
  "mkdir",
  "mkdirat",
  "rename",
  "renameat",
  "symlink",
  "unlink",
  "unlinkat",
  "rmdir",
  "mount",
  "fsync",
];
const only = process.argv[2] ?? "";
const max = Number(process.argv[3] ?? 200);
const home = new Home();
const registry = await startRegistry();
let failed = 0;
let rounds = 0;
try {
  await home.loadBusybox();
  const remote = pushArchive(layeredArchive("remote"), `${registry.address}/crash:1`);
  const rig = new CrashRig(home, seeded(1));
  const keeper = rig.keepNamespace();
  for (const scenario of scenarios(remote, layeredArchive("loaded"), "localhost/loaded:latest")) {
    if (only !== "" && scenario.name !== only) continue;
    let steps = 0;
    for (const call of calls) {
      for (let n = 1; n <= max; n++) {
        const { killed, problems } = await rig.step(scenario, call, n);
        if (problems.length > 0) {
          failed += 1;
          console.log(`${scenario.name}, ${call} ${n}: ${killed.join("; ")}`);
          for (const problem of problems) console.log(`    ${problem.trimEnd()}`);
        }
        if (killed.length === 0) break;
        steps += 1;
      }
    }
    rounds += steps;
    console.log(`${scenario.name}: ${steps} steps`);
  }
  process.kill(-(keeper.pid as number), "SIGKILL");
} finally {
  await registry.stop();
  await home.remove();
}
console.log(`${rounds} rounds, ${failed} with problems`);
process.exitCode = failed > 0 ? 1 : 0;
