import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const file = () => join(home.directory, "home/file");

beforeAll(async () => {
  writeFileSync(file(), "text\n");
  await home.ok("run", "-d", "--name", "c", "--network", "none", "bb", "sleep", "1000");
});
afterAll(() => home.coracle("rm", "-f", "-t", "0", "c"));

/** A command whose caller has the file open as descriptors 3 and 7. */
const withFds = (args: string[], env: Record<string, string> = {}) =>
  home.exec(["sh", "-c", 'exec 3<"$0" 7<"$0"; exec "$@"', file(), home.program, ...args], { env });

/** Prints its descriptors but for the one of the directory it reads. */
const list = ["sh", "-c", 'for fd in /proc/self/fd/*; do test -e "$fd" && echo -n "${fd##*/} "; done; true'];

test.each([
  ["run", ["run", "--rm", "--network", "none"], "bb"],
  ["exec", ["exec"], "c"],
])("%s passes on the descriptors it is asked to", async (_name, command, on) => {
  const text = await withFds([...command, "--preserve-fds", "1", on, "sh", "-c", "cat <&3"]);
  expect(text).toMatchObject({ exitCode: 0, stdout: "text\n", stderr: "" });
  expect((await withFds([...command, "--preserve-fds", "1", on, ...list])).stdout).toBe("0 1 2 3 ");
  expect((await withFds([...command, "--preserve-fd", "7", on, ...list])).stdout).toBe("0 1 2 7 ");
  expect((await withFds([...command, "--preserve-fd", "3,7", on, ...list])).stdout).toBe("0 1 2 3 7 ");
  expect((await withFds([...command, on, ...list])).stdout).toBe("0 1 2 ");
});

test.each([
  [["--preserve-fds", "2"], 4, "preserve-fds"],
  [["--preserve-fd", "5"], 5, "preserve-fd"],
])("%j: what the caller doesn't have can't be passed on", async (flags, fd, option) => {
  for (const command of [
    ["run", "--rm", ...flags, "bb"],
    ["exec", ...flags, "c"],
  ]) {
    const result = await withFds([...command, "true"]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toBe(
      `Error: file descriptor ${fd} is not available - the ${option} option requires that file descriptors must be passed\n`,
    );
  }
});

test("sockets of a service manager reach the container's first process", async () => {
  const manager = { LISTEN_FDS: "1", LISTEN_PID: "77", LISTEN_FDNAMES: "web" };
  const run = ["run", "--rm", "--network", "none", "bb", "sh", "-c", "env | grep LISTEN | sort; cat <&3"];
  expect(await withFds(run, manager)).toMatchObject({
    exitCode: 0,
    stdout: "LISTEN_FDNAMES=web\nLISTEN_FDS=1\nLISTEN_PID=1\ntext\n",
  });
  expect((await withFds(["exec", "c", ...list], manager)).stdout).toBe("0 1 2 ");
  // Left in the environment of one who was handed nothing.
  const none = await home.run(["run", "--rm", "--network", "none", "bb", ...list], { env: manager });
  expect(none).toMatchObject({ exitCode: 0, stdout: "0 1 2 ", stderr: "" });
});
