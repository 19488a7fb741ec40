/**
 * A process that takes the storage lock, for lock.test.ts: `lock-child.ts GRAPHROOT MODE [ROUNDS]`.
 *  hold    takes it and keeps it until killed
 *  exit    takes it and exits without releasing
 *  count   adds one to the file `count`, ROUNDS times, in a way that only works if nobody else does at the same time
 *  crash   like count, but dies at a random moment of each fifth round, lock held
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../src/host/lock.ts";
import { identify } from "../../src/host/process.ts";
import { testContext } from "./store.ts";

const [graphRoot, mode, rounds] = process.argv.slice(2) as [string, string, string?];
const ctx = testContext(graphRoot);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function count(): Promise<void> {
  const inside = join(graphRoot, "inside");
  try {
    writeFileSync(inside, String(process.pid), { flag: "wx" });
  } catch {
    // Somebody is inside: allowed only if it was killed there.
    const other = Number(readFileSync(inside, "utf8"));
    if (identify(other)) appendFileSync(join(graphRoot, "violations"), `${process.pid} met ${other}\n`);
    writeFileSync(inside, String(process.pid));
  }
  const value = Number(readFileSync(join(graphRoot, "count"), "utf8"));
  if (Math.random() < 0.3) await pause(1);
  if (mode === "crash" && Math.random() < 0.2) process.kill(process.pid, "SIGKILL");
  writeFileSync(join(graphRoot, "count"), String(value + 1));
  rmSync(inside);
}

if (mode === "hold" || mode === "exit") {
  await withLock(ctx, "storage", async () => {
    console.log("held");
    if (mode === "exit") process.exit(0);
    await pause(60_000);
  });
} else {
  for (let i = 0; i < Number(rounds); i++) await withLock(ctx, "storage", count);
}
