import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { useHome } from "../support/home.ts";
import { layeredArchive, pushArchive } from "../support/layered-image.ts";
import type { RunResult } from "../support/process.ts";
import { startRegistry } from "../support/registry.ts";
import { hasCgroup, hasProgram, ordinaryUser, skipUnless } from "../support/requirements.ts";

const quiet = ["--network", "none"];
const sleeper = [...quiet, "bb", "sleep", "1000"];

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Failures of ours are sentences; a stack, or a word on locks and monitors, is a bug. */
function expectNoBug({ stderr }: RunResult): void {
  expect(stderr).not.toMatch(/internal error|lock order|\n\s+at |ENOENT|undefined|corrupt/);
}

const home = useHome({ image: true });

afterEach(async () => {
  await home.ok("rm", "-fav", "-t", "0");
});
beforeEach((context) => skipUnless(context, ordinaryUser(), hasCgroup()));

async function leavesNothing(): Promise<void> {
  await home.expectNothingLeft();
  for (const name of ["containers", "names", "locks"]) {
    const directory = join(home.store, name);
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  }
}

test("fifty containers run at once", { timeout: 120_000 }, async () => {
  const results = await Promise.all(
    times(50, (i) => home.run(["run", "--rm", ...quiet, "bb", "echo", `${i}`], { timeout: 100_000 })),
  );
  expect(results.map(({ exitCode, stdout, stderr }) => `${exitCode} ${stdout}${stderr}`)).toEqual(
    times(50, (i) => `0 ${i}\n`),
  );
  await leavesNothing();
});

test("the first commands meet when nothing of ours runs", { timeout: 120_000 }, async () => {
  for (let round = 0; round < 5; round++) {
    await home.expectNothingLeft();
    const results = await Promise.all(
      times(12, (i) =>
        home.coracle("run", "--rm", ...quiet, "bb", "sh", "-c", `echo ${i}; readlink /proc/self/ns/user`),
      ),
    );
    for (const { exitCode, stderr } of results)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    // All of them in one user namespace.
    expect(new Set(results.map(({ stdout }) => stdout.split("\n")[1])).size).toBe(1);
  }
});

test("of several that want one name, one gets it", async () => {
  const results = await Promise.all(times(12, () => home.coracle("create", "--name", "only", ...sleeper)));
  const [winners, losers] = [
    results.filter((r) => r.exitCode === 0),
    results.filter((r) => r.exitCode !== 0),
  ];
  expect(winners).toHaveLength(1);
  const id = winners[0]?.stdout.trim();
  for (const { exitCode, stderr } of losers) {
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`the container name "only" is already in use by ${id}`);
  }
  expect(await home.ok("ps", "-aq", "--no-trunc")).toBe(id);
  await home.ok("rm", "only");
  await leavesNothing();
});

test("start, stop, restart, exec and rm of one container meet", { timeout: 120_000 }, async () => {
  for (let round = 0; round < 4; round++) {
    await home.ok("create", "--name", "c", ...sleeper);
    const commands = [
      ["start", "c"],
      ["stop", "-t", "0", "c"],
      ["restart", "-t", "0", "c"],
      ["exec", "c", "true"],
      ["start", "c"],
      ["kill", "c"],
      ["stop", "-t", "0", "c"],
      ["inspect", "c"],
      ["rm", "c"],
      ["ps", "-a"],
      ...(round % 2 === 1 ? [["rm", "-f", "-t", "0", "c"]] : []),
    ];
    const results = await Promise.all(commands.map((args) => home.coracle(...args)));
    results.forEach(expectNoBug);
    await home.ok("rm", "-f", "-t", "0", "c");
    await leavesNothing();
  }
});

test("twenty exec sessions run at once", async () => {
  await home.ok("run", "-d", "--name", "c", ...sleeper);
  const results = await Promise.all(
    times(20, (i) => home.coracle("exec", "c", "sh", "-c", `echo ${i}; exit ${i}`)),
  );
  expect(results.map(({ exitCode, stdout }) => `${exitCode} ${stdout}`)).toEqual(
    times(20, (i) => `${i} ${i}\n`),
  );
  await home.ok("rm", "-f", "-t", "0", "c");
  await leavesNothing();
});

test("rm -fa and run meet", { timeout: 120_000 }, async () => {
  let going = true;
  const loop = async (name: string) => {
    const results: RunResult[] = [];
    while (going) results.push(await home.coracle("run", "-d", "--name", name, ...sleeper));
    return results;
  };
  const loops = [loop("a"), loop("b")];
  const removals: RunResult[] = [];
  for (let i = 0; i < 12; i++) removals.push(await home.coracle("rm", "-fa", "-t", "0"));
  going = false;
  for (const results of await Promise.all(loops)) {
    for (const result of results) {
      expectNoBug(result);
      const known = /already in use|removed|no such container|was stopped while it was being started/;
      if (result.exitCode !== 0) expect(result.stderr).toMatch(known);
    }
  }
  for (const { exitCode, stderr } of removals)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  await home.ok("rm", "-fa", "-t", "0");
  await leavesNothing();
});

test("volumes are created and removed at once", async () => {
  const results = await Promise.all(
    times(24, (i) => home.coracle("volume", ...(i % 2 === 0 ? ["create", "v"] : ["rm", "v"]))),
  );
  for (const result of results) {
    expectNoBug(result);
    if (result.exitCode !== 0) expect(result.stderr).toMatch(/already exists|no such volume/);
  }
  await home.coracle("volume", "rm", "v");
  expect(await home.ok("volume", "ls", "-q")).toBe("");
  await leavesNothing();
});

test("a hundred containers are listed and removed", { timeout: 120_000 }, async () => {
  for (let batch = 0; batch < 10; batch++) {
    await Promise.all(times(10, () => home.ok("create", ...sleeper)));
  }
  expect((await home.ok("ps", "-aq")).split("\n")).toHaveLength(100);
  expect((await home.ok("rm", "-fa")).split("\n")).toHaveLength(100);
  await leavesNothing();
});

describe("images", () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let proxy: Awaited<ReturnType<typeof startCountingProxy>>;
  const missing = [hasProgram("docker-registry"), hasProgram("skopeo")];
  beforeEach((context) => skipUnless(context, ...missing));
  beforeAll(async () => {
    if (missing.some((reason) => reason !== undefined)) return;
    registry = await startRegistry();
    proxy = await startCountingProxy(registry.address);
    pushArchive(layeredArchive("together", 5), `${registry.address}/together:1`);
  });
  afterAll(async () => {
    await proxy?.stop();
    await registry?.stop();
  });

  test("twenty pulls of one image fetch each blob once", { timeout: 120_000 }, async () => {
    const reference = `${proxy.address}/together:1`;
    const results = await Promise.all(
      times(20, () => home.run(["pull", "-q", "--tls-verify=false", reference], { timeout: 100_000 })),
    );
    for (const { exitCode, stderr } of results)
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    const blobs = [...proxy.counts].filter(([key]) => key.startsWith("GET ") && key.includes("/blobs/"));
    const config = results[0]?.stdout.trim() as string;
    const layers = blobs.filter(([key]) => !key.endsWith(config));
    expect(layers).toHaveLength(5);
    expect(layers.filter(([, count]) => count !== 1)).toEqual([]);
    await home.ok("system", "check");
    await home.ok("rmi", reference);
    await leavesNothing();
  });

  test("rmi and run of one image meet", { timeout: 120_000 }, async () => {
    const reference = `${proxy.address}/together:1`;
    for (let round = 0; round < 3; round++) {
      await home.ok("pull", "-q", "--tls-verify=false", reference);
      const [run, rmi, create] = await Promise.all([
        home.coracle("run", "--pull", "never", ...quiet, "--rm", reference, "/nothing"),
        home.coracle("rmi", reference),
        home.coracle("create", "--pull", "never", reference, "/nothing"),
      ]);
      // No file of the image can be run: getting so far is success enough.
      expect(run.stderr).toMatch(/\/nothing|not known/);
      if (rmi.exitCode !== 0) expect(rmi.stderr).toMatch(/in use/);
      if (create.exitCode !== 0) expect(create.stderr).toMatch(/not known/);
      if (rmi.exitCode === 0) expect(create.exitCode).not.toBe(0);
      [run, rmi, create].forEach(expectNoBug);
      await home.ok("rm", "-fa");
      await home.ok("system", "check");
      await home.coracle("rmi", "-f", reference);
    }
    await leavesNothing();
  });
});
