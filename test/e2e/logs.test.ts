import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const run = (name: string, script: string, ...flags: string[]) =>
  home.coracle("run", "--name", name, "--network", "none", ...flags, "bb", "sh", "-c", script);

describe("logs", () => {
  test("has stdout and stderr apart, in order, with what the options ask for", async () => {
    // Each piece when the monitor has read the one before it.
    const script = "echo one; read go; echo two >&2; read go; echo three; read go; printf four";
    const running = home.start(
      ["run", "-i", "--name", "plain", "--network", "none", "bb", "sh", "-c", script],
      { keepStdin: true },
    );
    for (const word of [/one/, /two/, /three/]) {
      await running.waitForOutput(word);
      running.child.stdin?.write("\n");
    }
    expect(await running.done).toMatchObject({ exitCode: 0 });
    expect(await home.coracle("logs", "plain")).toMatchObject({
      exitCode: 0,
      stdout: "one\nthree\nfour",
      stderr: "two\n",
    });
    expect(await home.ok("logs", "--tail", "1", "plain")).toBe("four");
    expect(await home.ok("logs", "--tail", "0", "plain")).toBe("");
    const stamped = await home.ok("logs", "-t", "--tail", "1", "plain");
    expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S+ four$/);
    // A half line of one stream takes nothing from the other's.
    const { stderr } = await home.coracle("logs", "-t", "plain");
    expect(stderr).toMatch(/^\d{4}-\S+T[\d:.]+(Z|[+-]\d\d:\d\d) two\n$/);
    expect(stderr).not.toContain("+00:00");
    expect(await home.ok("logs", "--names", "plain")).toBe("one\nthree\nfour");
    expect(await home.ok("logs", "--color", "plain")).toBe(
      ["one\x1b[0m\n", "three\x1b[0m\n", "four\x1b[0m"].map((text) => `\x1b[37m${text}`).join(""),
    );
    const [time] = (await home.ok("logs", "-t", "--tail", "2", "plain")).split(" ");
    expect(await home.ok("logs", "--since", time as string, "plain")).toBe("four");
    expect((await home.coracle("logs", "--until", "2001-01-01T00:00:00Z", "plain")).stdout).toBe("");
    expect(await home.ok("logs", "--since", "1h", "plain")).toContain("one");
    expect(await home.ok("logs", "--until", "1h", "plain")).toContain("one");
    expect(await home.coracle("logs", "--since", "nonsense", "plain")).toMatchObject({
      exitCode: 125,
      stderr: 'Error: parsing --since "nonsense": unable to interpret time value\n',
    });
    await home.ok("rm", "plain");
  });

  test("keeps bytes as they are, long lines whole", async () => {
    await run("bytes", "head -c 100000 /dev/zero | tr '\\0' x; echo; printf '\\377\\0\\n\\n\\tend\\r\\n'");
    const { stdoutBytes } = await home.coracle("logs", "bytes");
    expect(stdoutBytes.subarray(0, 100_001).toString()).toBe(`${"x".repeat(100_000)}\n`);
    expect(stdoutBytes.subarray(100_001).toString("latin1")).toBe("\xff\0\n\n\tend\r\n");
    await home.ok("rm", "bytes");
  });

  test("--follow goes on to the end of the container", async () => {
    const container = home.start(["run", "-i", "--name", "followed", "--network", "none", "bb", "cat"], {
      keepStdin: true,
    });
    container.child.stdin?.write("first\n");
    await container.waitForOutput(/first/);
    const follower = home.start(["logs", "--follow", "followed"]);
    await follower.waitForOutput(/first\n/);
    container.child.stdin?.write("second\n");
    await follower.waitForOutput(/second\n/);
    container.child.stdin?.end("third\n");
    expect(await follower.done).toMatchObject({ exitCode: 0, stdout: "first\nsecond\nthird\n" });
    await container.done;
    await home.ok("rm", "followed");
  });

  test("of several has a prefix each; of none is an error", async () => {
    await run("la", "echo a");
    await run("lb", "echo b");
    const { stdout } = await home.coracle("logs", "-n", "la", "lb");
    expect(stdout.split("\n").sort().filter(Boolean)).toEqual(["la a", "lb b"]);
    const ids = await home.coracle("logs", "--color", "la", "lb");
    expect(ids.stdout).toMatch(/^\x1b\[37m[0-9a-f]{12} a\x1b\[0m\n\x1b\[31m[0-9a-f]{12} b\x1b\[0m\n$/);
    const result = await home.coracle("logs", "nosuch");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: no container with name or ID "nosuch" found.*\n$/);
    await home.ok("rm", "la", "lb");
  });

  test("can be cut short by the reader", async () => {
    await run("long", "seq 1 100000");
    const { stdout } = await home.exec([
      "bash",
      "-c",
      '"$0" logs long | head -n 2; echo "${PIPESTATUS[0]}"',
      home.program,
    ]);
    expect(stdout).toMatch(/^1\n2\n(0|141)\n$/);
    await home.ok("rm", "long");
  });
});

describe("log drivers", () => {
  test("k8s-file is the default and has the CRI format", async () => {
    await run("k8s", "echo line; printf rest >&2");
    const path = await home.ok("inspect", "-f", "{{.HostConfig.LogConfig.Path}}", "k8s");
    expect(await home.ok("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", "k8s")).toBe("k8s-file");
    expect(readFileSync(path, "utf8")).toMatch(/^\S+ stdout F line\n\S+ stderr [FP] rest\n$/);
    expect(statSync(path).mode & 0o077).toBe(0);
    await home.ok("rm", "k8s");
  });

  test("json-file has Docker's, at the path asked for", async () => {
    const path = join(home.env.HOME as string, "my.log");
    await run("json", 'echo "a \\"quoted\\" line"', "--log-driver", "json-file", "--log-opt", `path=${path}`);
    const lines = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { log: 'a "quoted" line\n', stream: "stdout", time: expect.stringMatching(/^\d{4}-/) },
    ]);
    expect(await home.ok("logs", "json")).toBe('a "quoted" line');
    await home.ok("rm", "json");
  });

  test("none keeps nothing and says so", async () => {
    expect(await run("none", "echo shown", "--log-driver", "none")).toMatchObject({ stdout: "shown\n" });
    const result = await home.coracle("logs", "none");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*'none' log driver.*\n$/);
    await home.ok("rm", "none");
  });

  test("max-size holds", async () => {
    await run("rotated", "seq 1 100000", "--log-opt", "max-size=64kb");
    const path = await home.ok("inspect", "-f", "{{.HostConfig.LogConfig.Path}}", "rotated");
    expect(existsSync(path)).toBe(true);
    expect(statSync(path).size).toBeLessThan(80_000);
    expect(await home.ok("logs", "--tail", "1", "rotated")).toBe("100000");
    await home.ok("rm", "rotated");
  });

  test("an unknown one is refused", async () => {
    const result = await home.coracle("run", "--rm", "--log-driver", "nosuch", "bb", "true");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*nosuch.*\n/);
  });
});

test("passthrough: a detached container writes where its command did", async () => {
  const file = join(home.directory, "passed");
  const run = `exec "$0" run -d --name passed --network none --log-driver passthrough bb sh -c 'echo out; echo err >&2' </dev/null >"$1" 2>&1`;
  expect(await home.exec(["sh", "-c", run, home.program, file])).toMatchObject({ exitCode: 0 });
  await home.ok("wait", "passed");
  expect(readFileSync(file, "utf8").trim().split("\n").sort()).toEqual(["err", "out"]);
  await home.ok("rm", "passed");
});
