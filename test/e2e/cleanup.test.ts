import { afterAll, beforeAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const cleanup = (...args: string[]) => home.coracle("container", "cleanup", ...args);

beforeAll(() => home.ok("run", "-d", "--name", "c", "--network", "none", "bb", "sleep", "1000"));
afterAll(() => home.coracle("rm", "-f", "-t", "0", "c"));

test.each([
  [["--all", "c"], "no arguments are needed with --all"],
  [["--exec", "x", "--all"], "--all and --exec cannot be set together"],
  [["--exec", "x", "c", "d"], "cannot use exec option when more than one container is given"],
  [["--exec", "x", "--rmi", "c"], "--exec and --rmi cannot be set together"],
  [["--exec", "x"], "you must provide at least one name or id"],
])("%j is refused", async (args, message) => {
  const { exitCode, stderr } = await cleanup(...args);
  expect(exitCode).toBe(125);
  expect(stderr.split("\n")[0]).toBe(`Error: ${message}`);
});

test.each([[], ["--rm"]])("--exec %j: what an exec session has left, once it has ended", async (...flags) => {
  expect((await cleanup("--exec", "../exec", "c")).stderr).toMatch(
    /^Error: container [0-9a-f]{64} has no exec session with ID \.\.\/exec: no such exec session/,
  );
  const session = await home.ok("exec", "-d", "c", "sh", "-c", "while [ ! -e /end ]; do sleep 0.02; done");
  const { exitCode, stderr } = await cleanup("--exec", session, ...flags, "c");
  expect(exitCode).toBe(125);
  expect(stderr).toMatch(/running.*: exec session state improper/);
  await home.ok("exec", "--no-session", "c", "touch", "/end");
  await waitUntil(async () => (await cleanup("--exec", session, ...flags, "c")).exitCode === 0, {
    what: "the session's end",
  });
  expect((await cleanup("--exec", session, "c")).stderr).toMatch(/no such exec session/);
  await home.ok("exec", "c", "rm", "/end");
});

test("--stopped-only: what has not run is left alone", async () => {
  await home.ok("create", "--name", "idle", "--network", "none", "bb", "true");
  expect(await home.ok("container", "cleanup", "--stopped-only", "--rm", "idle")).toBe("idle");
  expect(await home.ok("ps", "-a", "--filter", "name=idle", "--format", "{{.Status}}")).toBe("Created");
  await home.ok("start", "-a", "idle");
  expect(await home.ok("container", "cleanup", "--stopped-only", "--rm", "idle")).toBe("idle");
  expect(await home.ok("ps", "-aq", "--filter", "name=idle")).toBe("");
});

test("one that runs, or that others have removed, is no error: who cleans up may come late", async () => {
  for (const flags of [[], ["--rm"], ["--rmi"]]) {
    expect(await cleanup(...flags, "c")).toMatchObject({ exitCode: 0, stdout: "c\n", stderr: "" });
  }
  expect(await home.ok("inspect", "-f", "{{.State.Status}}", "c")).toBe("running");
  expect(await cleanup("nosuch")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
});
