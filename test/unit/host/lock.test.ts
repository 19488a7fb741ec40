import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reapLocks, withClaim, withLock } from "../../../src/host/lock.ts";
import { ownerName } from "../../../src/host/owner.ts";
import { Running, run } from "../../support/process.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();
const script = join(import.meta.dirname, "../../support/lock-child.ts");
const child = (...args: string[]) => [process.execPath, script, store().graphRoot, ...args];
const locks = () => readdirSync(join(store().graphRoot, "locks"));

async function holder(): Promise<Running> {
  const process = new Running(child("hold"));
  await process.waitForOutput(/held/);
  return process;
}

/** Milliseconds: less than proper-lockfile waits at least before it takes a lock for stale. */
const AT_ONCE = 1900;

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Whether the lock can't be had within that time. */
async function isHeld(milliseconds: number): Promise<boolean> {
  let got = false;
  void withLock(store(), "storage", () => {
    got = true;
  });
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return !got;
}

describe("one at a time", () => {
  test("processes don't disturb each other", { timeout: 30_000 }, async () => {
    writeFileSync(join(store().graphRoot, "count"), "0");
    const results = await Promise.all(Array.from({ length: 6 }, () => run(child("count", "40"))));
    expect(results.map(({ exitCode, stderr }) => `${exitCode} ${stderr}`)).toEqual(results.map(() => "0 "));
    expect(readFileSync(join(store().graphRoot, "count"), "utf8")).toBe("240");
    expect(existsSync(join(store().graphRoot, "violations"))).toBe(false);
  });

  test("processes killed while they hold it neither block nor let two in", { timeout: 30_000 }, async () => {
    writeFileSync(join(store().graphRoot, "count"), "0");
    const results = await Promise.all(Array.from({ length: 10 }, () => run(child("crash", "8"))));
    const killed = results.filter(({ signal }) => signal === "SIGKILL").length;
    expect(killed).toBeGreaterThan(0);
    expect(results.map(({ exitCode, stderr }) => stderr + (exitCode ?? ""))).toEqual(
      results.map(({ exitCode }) => (exitCode === null ? "" : "0")),
    );
    expect(existsSync(join(store().graphRoot, "violations"))).toBe(false);
    await withLock(store(), "storage", () => {});
    expect(locks()).toEqual([]);
  });

  test("the tasks of one process wait for each other", async () => {
    let inside = 0;
    let most = 0;
    const task = () =>
      withLock(store(), "storage", async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside--;
      });
    await Promise.all(Array.from({ length: 10 }, task));
    expect(most).toBe(1);
  });
});

describe("dead and live owners", () => {
  test("a killed owner's lock is free at once", async () => {
    const owner = await holder();
    owner.child.kill("SIGKILL");
    await owner.done;
    expect(locks()).toEqual(["storage"]);
    expect(await elapsed(() => withLock(store(), "storage", () => {}))).toBeLessThan(AT_ONCE);
    expect(locks()).toEqual([]);
  });

  test("a lock of an earlier boot is free", async () => {
    mkdirSync(join(store().graphRoot, "locks"));
    const [pid, start, , random] = ownerName().split("-");
    symlinkSync(`${pid}-${start}-${"0".repeat(32)}-${random}`, join(store().graphRoot, "locks/storage"));
    expect(await elapsed(() => withLock(store(), "storage", () => {}))).toBeLessThan(AT_ONCE);
  });

  test("a lock whose owner's pid belongs to another process now is free", async () => {
    mkdirSync(join(store().graphRoot, "locks"));
    const [pid, , boot, random] = ownerName().split("-");
    symlinkSync(`${pid}-1-${boot}-${random}`, join(store().graphRoot, "locks/storage"));
    expect(await elapsed(() => withLock(store(), "storage", () => {}))).toBeLessThan(AT_ONCE);
  });

  test("a breaker that was killed at it does not keep the next from breaking the lock", async () => {
    const owner = await holder();
    owner.child.kill("SIGKILL");
    await owner.done;
    const breaking = join(store().graphRoot, "locks/storage.breaking");
    mkdirSync(breaking);
    writeFileSync(join(breaking, `999999999-1-${ownerName().split("-")[2]}-00000000`), "");
    expect(await elapsed(() => withLock(store(), "storage", () => {}))).toBeLessThan(AT_ONCE);
    expect(locks()).toEqual([]);
  });

  test("a stopped owner keeps its lock, however old it looks", async () => {
    const owner = await holder();
    owner.child.kill("SIGSTOP");
    lutimesSync(join(store().graphRoot, "locks/storage"), 1, 1);
    expect(await isHeld(300)).toBe(true);
    owner.child.kill("SIGKILL");
    await owner.done;
    await withLock(store(), "storage", () => {});
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s releases it", async (signal) => {
    const owner = await holder();
    owner.child.kill(signal);
    expect(await owner.done).toMatchObject({ signal });
    expect(locks()).toEqual([]);
  });

  test("dead locks that nobody asks for are reaped, live ones are not", async () => {
    const owner = await holder();
    const file = `999999999-1-${ownerName().split("-")[2]}-00000000`;
    symlinkSync(file, join(store().graphRoot, "locks/claim-abc"));
    mkdirSync(join(store().graphRoot, "locks/claim-x.breaking"));
    writeFileSync(join(store().graphRoot, "locks/claim-x.breaking", file), "");
    reapLocks(store());
    expect(locks()).toEqual(["storage"]);
    owner.child.kill("SIGKILL");
    await owner.done;
    reapLocks(store());
    expect(locks()).toEqual([]);
  });

  test("process.exit releases it", async () => {
    expect(await run(child("exit"))).toMatchObject({ exitCode: 0, stdout: "held\n" });
    expect(locks()).toEqual([]);
  });

  test("an error in the locked section releases it", async () => {
    const failing = withLock(store(), "storage", () => {
      throw new Error("oops");
    });
    await expect(failing).rejects.toThrow("oops");
    expect(locks()).toEqual([]);
  });
});

describe("order", () => {
  test("locks nest in their order", async () => {
    const inner = () => withLock(store(), "container/x", () => "in");
    const result = await withLock(store(), "network", () => withLock(store(), "storage", inner));
    expect(result).toBe("in");
  });

  test.each([
    ["storage", "network"],
    ["container/x", "storage"],
    ["storage", "storage"],
    ["container/x", "container/y"],
  ] as const)("%s, then %s is refused", async (outer, inner) => {
    const nested = withLock(store(), outer, () => withLock(store(), inner, () => {}));
    await expect(nested).rejects.toThrow(/lock order/);
    expect(locks()).toEqual([]);
  });

  test("what another task holds doesn't count", async () => {
    await withLock(store(), "container/x", () => {});
    let release = () => {};
    const held = withLock(store(), "container/x", () => new Promise<void>((resolve) => (release = resolve)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await withLock(store(), "storage", () => {});
    release();
    await held;
  });
});

describe("claims", () => {
  test("who waits for a claim stops when the work is done", async () => {
    let done = false;
    const order: string[] = [];
    let begun = () => {};
    let release = () => {};
    const working = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const first = withClaim(
      store(),
      "claim/a",
      () => done,
      async () => {
        begun();
        await held;
        return "first";
      },
    );
    await working;
    const second = withClaim(
      store(),
      "claim/a",
      () => done,
      async () => "second",
    );
    void second.then(() => order.push("second"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push("done");
    done = true;
    // The claim is still the first one's.
    expect(await second).toBeUndefined();
    expect(order).toEqual(["done", "second"]);
    release();
    expect(await first).toBe("first");
  });

  test("work that is done already takes no claim", async () => {
    expect(
      await withClaim(
        store(),
        "claim/a",
        () => true,
        async () => "work",
      ),
    ).toBeUndefined();
    expect(existsSync(join(store().graphRoot, "locks"))).toBe(false);
  });
});
