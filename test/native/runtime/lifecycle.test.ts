import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { commandLine, waitUntil } from "../../support/process.ts";
import { hasCgroup, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, program } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const lines = (text: string) => text.trimEnd().split("\n");

describe("run", () => {
  test("passes stdio through and exits with the container's code", async () => {
    const result = await bundle.run(["sh", "-c", "cat; echo err >&2; exit 7"], { input: "in" });
    expect(result).toMatchObject({ exitCode: 7, stdout: "in", stderr: "err\n" });
  });

  test("exits with 128+N when the container dies of signal N", async () => {
    expect(await bundle.run(["sh", "-c", "kill -9 $PPID; sleep 0.1 & wait"])).toMatchObject({ exitCode: 0 });
    bundle.withoutNamespace("pid").withoutMount("/proc");
    bundle.mount({ destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] });
    expect((await bundle.run(["sh", "-c", "kill -9 $$"])).exitCode).toBe(137);
  });

  test("leaves nothing behind", async () => {
    await bundle.sh("true");
    expect(readdirSync(bundle.state)).toEqual([]);
  });

  test("the container dies with the process that started it", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const running = bundle.spawn('"$program" --root "$state" run c & echo "started $!"; wait');
    const [, pid] = await running.waitForOutput(/started (\d+)/);
    await waitUntil(() => existsSync(join(bundle.state, "c/state.json")));
    const init = () => JSON.parse(readFileSync(join(bundle.state, "c/state.json"), "utf8")).pid as number;
    await waitUntil(() => readFileSync(`/proc/${init()}/comm`, "utf8") === "sleep\n");
    process.kill(Number(pid), "SIGKILL");
    await waitUntil(() => !existsSync(`/proc/${init()}`), { what: "the end of the container" });
    await running.done;
  });
});

describe("a runtime that is killed", () => {
  const killed = async (phase: string, hook: { path: string; args: string[]; env?: string[] }) => {
    bundle.config.hooks = { [phase]: [hook] };
    bundle.config.process.args = ["sh", "-c", "echo ran; sleep 1000"];
    const running = bundle.spawn('"$program" --root "$state" run c & echo "started $!"; wait');
    const [, pid] = await running.waitForOutput(/started (\d+)/);
    await waitUntil(() => existsSync(join(bundle.state, "c/state.json")), { what: "the container" });
    const init = JSON.parse(readFileSync(join(bundle.state, "c/state.json"), "utf8")).pid as number;
    const hooked = () => child(phase === "startContainer" ? init : Number(pid), hook.args[0] as string);
    await waitUntil(() => hooked() !== undefined, { what: "the hook" });
    process.kill(Number(pid), "SIGKILL");
    await waitUntil(() => commandLine(Number(pid)) === "", { what: "the runtime's end" });
    // Both hooks succeed, when nobody is there any more to go on.
    writeFileSync(bundle.inRootfs("tmp/go"), "");
    await waitUntil(() => !existsSync(`/proc/${init}`), { what: "the end of the container" });
    expect((await running.done).stdout).not.toContain("ran");
  };
  const child = (pid: number, name: string) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .find((one) => commandLine(Number(one)).startsWith(name));

  const waiting = (file: string) => ({
    path: "/bin/sh",
    args: ["sh", "-c", `until [ -e '${file}' ]; do sleep 0.02; done`],
    env: ["PATH=/bin:/usr/bin"],
  });

  test("while it makes the container takes it along", () =>
    killed("createRuntime", waiting(bundle.inRootfs("tmp/go"))));

  test("while it starts the container keeps the program from running", () =>
    killed("startContainer", waiting("/tmp/go")));
});

describe("create, start, state, delete", () => {
  test("the program runs only after start, and state tells", async () => {
    bundle.config.process.args = ["sh", "-c", "echo ran; sleep 1000"];
    bundle.config.annotations = { "org.example": "yes" };
    const out = await bundle.output(`
      state() { rt state c | tr -d ' \\n'; echo; }
      rt create --pid-file pid c >out; state; [ ! -s out ]
      [ "$(rt state c | sed -n 's/.*"pid": \\([0-9]*\\).*/\\1/p')" = "$(cat pid)" ]
      rt start c; state; while [ ! -s out ]; do :; done; cat out
      rt kill c KILL; while kill -0 $(cat pid) 2>/dev/null && ! grep -q "State:.Z" /proc/$(cat pid)/status; do :; done
      state; rt delete c`);
    const states = lines(out).filter((line) => line.startsWith("{"));
    expect(states.map((state) => JSON.parse(state).status)).toEqual(["created", "running", "stopped"]);
    expect(JSON.parse(states[0]!)).toMatchObject({
      ociVersion: "1.3.0",
      id: "c",
      bundle: bundle.directory,
      annotations: { "org.example": "yes" },
    });
    expect(JSON.parse(states[2]!).pid).toBe(0);
    expect(out).toContain("ran\n");
    expect(readdirSync(bundle.state)).toEqual([]);
  });

  test("delete refuses a running container and kills it with --force", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const result = await bundle.script(
      "rt run -d c; rt delete c; echo $?; rt delete -f c; echo $?; rt list -q",
    );
    expect(result.stdout).toBe("1\n0\n");
    expect(result.stderr).toMatch(/container `c` is running: stop it first/);
  });

  test("a second container of the same id is refused and the first one unharmed", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const result = await bundle.script(
      "rt run -d c; rt run -d c; echo $?; rt state c | grep status; rt delete -f c",
    );
    expect(result.stdout).toMatch(/^1\n.*"running"/);
    expect(result.stderr).toMatch(/container `c` already exists/);
  });

  test.each(["../x", "a/b", ".", "..", "", ".hidden", "x".repeat(300), "a b"])(
    "refuses the id %j",
    async (id) => {
      const result = await bundle.script(`rt run '${id}'`);
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toMatch(/container id/);
    },
  );

  test("start fails for what is running and for what does not exist", async () => {
    bundle.config.process.args = ["sleep", "1000"];
    const result = await bundle.script("rt run -d c; rt start c; rt start d; rt delete -f c");
    expect(result.stderr).toMatch(/only a created one can be started/);
    expect(result.stderr).toMatch(/container `d` does not exist/);
  });

  test("what a killed runtime left half-made can be deleted", async () => {
    const result = await bundle.script(
      'mkdir -p "$state/c"; : >"$state/c/.state.json.1.tmp"; rt delete -f c; echo $?; ls "$state"',
    );
    expect(result.stdout).toBe("0\n");
  });

  test("kill takes signals by number and by name with and without SIG", async () => {
    bundle.config.process.args = [
      "sh",
      "-c",
      "trap 'echo term' TERM; trap 'echo usr' USR1; trap 'exit 3' INT; echo up; while :; do sleep 0.01; done",
    ];
    const out = await bundle.output(`
      rt run -d c >out; while ! grep -q up out; do :; done
      rt kill c; while ! grep -q term out; do :; done
      rt kill c SIGUSR1; while ! grep -q usr out; do :; done
      rt kill c 2; while [ "$(rt state c | grep -c running)" = 1 ]; do :; done; rt delete c; echo ok`);
    expect(out).toBe("ok\n");
    const bad = await bundle.script("rt kill c NOSUCH; rt kill c 1x; rt kill c -1");
    expect(bad.exitCode).not.toBe(0);
  });
});

describe("programs that can't be run", () => {
  test("command not found", async () => {
    const result = await bundle.run(["nosuch"]);
    expect(result.exitCode).toBe(127);
    expect(result.stderr).toBe(
      "Error: executable file `nosuch` not found in $PATH: No such file or directory\n",
    );
  });

  test("not executable", async () => {
    writeFileSync(bundle.inRootfs("bin/plain"), "data", { mode: 0o644 });
    expect(await bundle.run(["plain"])).toMatchObject({ exitCode: 126 });
    expect(await bundle.run(["/etc"])).toMatchObject({ exitCode: 126 });
  });

  test("what only exec finds out comes back through start", async () => {
    writeFileSync(bundle.inRootfs("bin/noshell"), "#!/no/such/interpreter\n", { mode: 0o755 });
    writeFileSync(bundle.inRootfs("bin/noformat"), "\x01\x02\x03", { mode: 0o755 });
    expect(await bundle.run(["noshell"])).toMatchObject({ exitCode: 127 });
    expect(await bundle.run(["noformat"])).toMatchObject({ exitCode: 126 });
    bundle.config.process.args = ["noshell"];
    const result = await bundle.script("rt create c; echo $?; rt start c; echo $?; rt delete -f c");
    expect(result.stdout).toBe("0\n127\n");
  });
});

describe("exec", () => {
  beforeEach(() => {
    bundle.config.process.args = ["sleep", "1000"];
  });

  test("runs in the namespaces of the container with its own process settings", async () => {
    bundle.config.hostname = "inside";
    const out = await bundle.output(`
      rt run -d c
      rt exec c sh -c 'hostname; cat /proc/1/comm'
      rt exec --cwd /etc --env X=y --user 5:6 c sh -c 'pwd; echo $X; id -u; id -g'
      rt exec c sh -c 'exit 9' || echo $?
      rt delete -f c`);
    expect(lines(out)).toEqual(["inside", "sleep", "/etc", "y", "5", "6", "9"]);
  });

  test("takes a process file", async () => {
    const file = bundle.outside("process.json");
    writeFileSync(
      file,
      JSON.stringify({
        ...bundle.config.process,
        args: ["sh", "-c", "echo $0 $A"],
        env: ["PATH=/bin", "A=b"],
      }),
    );
    expect(await bundle.output("rt run -d c; rt exec --process process.json c; rt delete -f c")).toBe(
      "sh b\n",
    );
  });

  test("detached, it leaves a pid file and returns", async () => {
    const out = await bundle.output(`
      rt run -d c; rt exec -d --pid-file pid c sleep 500; grep -c . pid
      tr '\\0' ' ' </proc/$(cat pid)/cmdline; rt delete -f c`);
    expect(out).toBe("1\nsleep 500 ");
  });

  test("reports what can't be run as run does", async () => {
    const result = await bundle.script(
      "rt run -d c; rt exec c nosuch; echo $?; rt exec c /etc; echo $?; rt delete -f c",
    );
    expect(result.stdout).toBe("127\n126\n");
    expect(result.stderr).toMatch(/executable file `nosuch` not found in \$PATH/);
  });

  test("works in a container that is only created", async () => {
    bundle.config.hostname = "inside";
    const out = await bundle.output(`
      rt create c; rt exec c sh -c 'hostname; ls /; cat /proc/1/comm'; rt state c | grep -o '"created",'
      rt start c; rt exec c cat /proc/1/comm; rt delete -f c`);
    const [hostname, ...rest] = lines(out);
    expect(hostname).toBe("inside");
    expect(rest.slice(0, 6)).toEqual(["bin", "dev", "etc", "proc", "sys", "tmp"]);
    expect(rest.slice(6)).toEqual([expect.stringMatching(/^coracle/), '"created",', "sleep"]);
  });

  test("waits for nothing that isn't there: refused while the container is made, and when it has ended", async () => {
    const rt = `${program} --root ${bundle.state}`;
    const script = `exec >${bundle.outside("out")} 2>&1; ${rt} exec c true; ${rt} state c | grep -o '"creating"'`;
    bundle.config.hooks = {
      createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: [`PATH=${process.env.PATH}`] }],
    };
    const result = await bundle.script(`
      rt create c; cat out; rt kill c KILL
      while rt exec c true 2>err; do sleep 0.05; done; cat err; rt delete c`);
    expect(result.stdout).toMatch(
      /is still being created\n"creating"\nError: container `c` is not running\n$/,
    );
  });

  test("refuses a paused container, and goes on once it is resumed", async (context) => {
    skipUnless(context, hasCgroup());
    bundle.useCgroup();
    const result = await bundle.script(`
      rt run -d c; rt pause c; rt state c | grep status; rt exec c true; rt resume c; rt exec c echo again
      rt delete -f c`);
    expect(result.stdout).toMatch(/"paused"[\s\S]*again/);
    expect(result.stderr).toMatch(/container `c` is paused/);
  });
});

describe("hooks", () => {
  const record = (phase: string) => ({
    path: "/bin/sh",
    args: ["sh", "-c", `echo "${phase} $(cat)" >>'${bundle.outside("log")}'`],
    env: ["PATH=/bin:/usr/bin"],
  });
  const log = () =>
    lines(readFileSync(bundle.outside("log"), "utf8")).map((line) => {
      const space = line.indexOf(" ");
      return [line.slice(0, space), JSON.parse(line.slice(space + 1))] as const;
    });

  test("run in order, with the state on stdin", async () => {
    const outer = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    bundle.config.hooks = Object.fromEntries(outer.map((phase) => [phase, [record(phase)]]));
    bundle.config.hooks.startContainer = [
      { path: "/bin/sh", args: ["sh", "-c", "cat >/tmp/start"], env: ["PATH=/bin"] },
    ];
    expect(JSON.parse(await bundle.sh("cat /tmp/start"))).toMatchObject({ id: "c", status: "created" });
    expect(log().map(([phase, state]) => [phase, state.status])).toEqual([
      ["prestart", "creating"],
      ["createRuntime", "creating"],
      ["createContainer", "creating"],
      ["poststart", "running"],
      ["poststop", "stopped"],
    ]);
    for (const [, state] of log()) expect(state).toMatchObject({ id: "c", bundle: bundle.directory });
  });

  test("one that fails before the start fails the container", async () => {
    bundle.config.hooks = { createRuntime: [{ path: "/bin/false" }] };
    expect(await bundle.refusal(["true"])).toMatch(/createRuntime: hook \/bin\/false: exit code 1/);
  });

  test("those before the start that fail are followed by poststop", async () => {
    bundle.config.hooks = { createContainer: [{ path: "/bin/false" }], poststop: [record("poststop")] };
    expect(await bundle.refusal(["true"])).toMatch(/createContainer: hook \/bin\/false: exit code 1/);
    expect(log().map(([phase, state]) => [phase, state.status])).toEqual([["poststop", "stopped"]]);
  });

  test("those after the end that fail are warned of, and all others run", async () => {
    bundle.config.hooks = { poststop: [{ path: "/bin/false" }, record("poststop")] };
    bundle.config.process.args = ["sh", "-c", "exit 4"];
    const { exitCode, stderr } = await bundle.script("rt run c");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: "Warning: poststop: hook /bin/false: exit code 1\n",
    });
    expect(log().map(([phase]) => phase)).toEqual(["poststop"]);
  });

  test.each(["rt run c", "rt run -d c", "rt create c; rt start c"])(
    "those after the start that fail end the container: %s",
    async (commands) => {
      bundle.config.hooks = {
        poststart: [{ path: "/bin/false" }, record("poststart")],
        poststop: [record("poststop")],
      };
      bundle.config.process.args = ["sleep", "1000"];
      const { exitCode, stdout, stderr } = await bundle.script(
        `(${commands}) </dev/null >/dev/null; rc=$?; ls "$state"; exit $rc`,
      );
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: "Error: poststart: hook /bin/false: exit code 1\n",
      });
      expect(log().map(([phase, state]) => [phase, state.status])).toEqual([["poststop", "stopped"]]);
    },
  );

  test("of the host start in the bundle, with the caller's environment or the one that they are given", async () => {
    const hook = (env?: string[]) => ({
      path: "/bin/sh",
      args: ["sh", "-c", `echo $PWD $MARK >>'${bundle.outside("seen")}'`],
      env,
    });
    const phases = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"];
    bundle.config.hooks = Object.fromEntries(phases.map((phase) => [phase, [hook(), hook(["MARK=given"])]]));
    bundle.config.hooks.startContainer = [
      { path: "/bin/sh", args: ["sh", "-c", "echo $PWD $MARK >/tmp/seen"] },
    ];
    bundle.config.process.args = ["cat", "/tmp/seen"];
    expect(await bundle.output('export MARK=inherited; bundle=$PWD; cd /usr; rt run -b "$bundle" c')).toBe(
      "/\n",
    );
    expect(lines(readFileSync(bundle.outside("seen"), "utf8"))).toEqual(
      phases.flatMap(() => [`${bundle.directory} inherited`, `${bundle.directory} given`]),
    );
  });

  test("one that takes too long is killed", async () => {
    bundle.config.hooks = { createRuntime: [{ path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1 }] };
    expect(await bundle.refusal(["true"])).toMatch(/did not end within 1 s/);
  });
});
