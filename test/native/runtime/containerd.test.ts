/** The command lines of containerd's shim for runc, which go-runc makes, and what it does with the answers. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { hasCgroup, hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
  bundle.config.process.args = ["sleep", "1000"];
});

/** `runc` as the shim calls it. */
const prelude = `bundle=$PWD
runc() { "$program" --root "$state/k8s.io" --log "$bundle/log.json" --log-format json "$@"; }
`;
const shim = (script: string) => bundle.output(`${prelude}${script}`);
const json = (text: string) => JSON.parse(text);

test("a task's life: create, state, start, exec, ps, pause, kill, delete", async (context) => {
  skipUnless(context, hasCgroup());
  bundle.useCgroup();
  const process = { ...bundle.config.process, args: ["sh", "-c", "echo in exec; exec sleep 999"] };
  writeFileSync(join(bundle.directory, "exec.json"), JSON.stringify(process));
  const out = await shim(`
    runc create --bundle "$bundle" --pid-file "$bundle/init.pid" task </dev/null
    echo "$(runc state task)" >created; runc start task; echo "$(runc state task)" >running
    runc exec --process "$bundle/exec.json" --detach --pid-file "$bundle/exec.pid" task
    runc ps --format json task >ps
    runc list --format json >list
    runc pause task; runc state task >paused; runc resume task
    runc kill task 0
    kill -9 $(cat exec.pid)
    runc kill --all task 9
    while runc kill task 0 2>/dev/null; do sleep 0.05; done
    runc state task >stopped; runc delete task; runc list --format json >after; runc delete --force task; echo $?`);
  expect(out).toBe("in exec\n0\n");
  const read = (name: string) => readFileSync(join(bundle.directory, name), "utf8");
  const [init, exec] = [Number(read("init.pid")), Number(read("exec.pid"))];
  const state = { id: "task", pid: init, bundle: bundle.directory };
  expect(json(read("created"))).toMatchObject({
    ...state,
    ociVersion: expect.any(String),
    status: "created",
  });
  expect(json(read("running"))).toMatchObject({ ...state, status: "running" });
  expect(json(read("paused"))).toMatchObject({ ...state, status: "paused" });
  expect(json(read("stopped"))).toMatchObject({ id: "task", status: "stopped" });
  expect(json(read("ps")).sort()).toEqual([init, exec].sort());
  expect(json(read("list"))).toMatchObject([{ ...state, status: "running" }]);
  expect(json(read("after")) ?? []).toEqual([]);
  expect(Date.parse(json(read("running")).created)).not.toBeNaN();
});

test("events --stats", async (context) => {
  skipUnless(context, hasCgroup());
  bundle.useCgroup();
  const out = await shim(`
    runc create --bundle "$bundle" --pid-file "$bundle/init.pid" task; runc start task
    runc events --stats task
    runc delete --force task`);
  const stats = { type: "stats", id: "task", data: { cpu: { usage: { total: expect.any(Number) } } } };
  expect(json(out)).toMatchObject(stats);
});

test("update takes resources from stdin", async (context) => {
  skipUnless(context, hasCgroup("pids"));
  const cgroup = bundle.useCgroup() as string;
  const out = await shim(`
    runc create --bundle "$bundle" --pid-file "$bundle/init.pid" task; runc start task
    echo '{"pids":{"limit":33}}' | runc update --resources=- task; cat ${cgroup}/pids.max
    echo '{"pids":{"limit":34}}' | runc update --resources - task; cat ${cgroup}/pids.max
    runc delete --force task`);
  expect(out).toBe("33\n34\n");
});

test("the terminal comes over --console-socket", async (context) => {
  skipUnless(context, hasProgram("python3"));
  bundle.config.process.args = ["sh", "-c", "tty; stty size; read line; echo got $line"];
  bundle.config.process.terminal = true;
  bundle.config.process.consoleSize = { height: 31, width: 99 };
  const receive = `
import os, socket, sys
server = socket.socket(socket.AF_UNIX); server.bind("console"); server.listen()
print("listening", flush=True)
_, fds, _, _ = socket.recv_fds(server.accept()[0], 4096, 1)
open("received", "w")
os.write(fds[0], b"typed\\n")
data = b""
try:
    while piece := os.read(fds[0], 4096): data += piece
except OSError: pass
sys.stdout.write(data.decode())`;
  writeFileSync(join(bundle.directory, "receive.py"), receive);
  const out = await shim(`
    python3 receive.py & while ! test -S console; do sleep 0.05; done
    runc create --bundle "$bundle" --pid-file init.pid --console-socket "$bundle/console" task
    runc start task; wait; runc delete --force task`);
  // Echoed when it comes, between any two lines.
  expect(out.replaceAll("\r", "").replace(/^typed\n/m, "")).toMatch(
    /^listening\n\/dev\/(pts\/0|console)\n31 99\ngot typed\n$/,
  );
});

test("a failure is the last line of the log file, as JSON", async () => {
  bundle.config.process.args = ["nosuch"];
  const { exitCode } = await bundle.script(
    `${prelude}runc create --bundle "$bundle" --pid-file init.pid task`,
  );
  expect(exitCode).not.toBe(0);
  const lines = readFileSync(join(bundle.directory, "log.json"), "utf8").trim().split("\n");
  const last = json(lines.at(-1) as string);
  expect(last).toMatchObject({ level: "error", msg: expect.stringContaining("nosuch") });
  expect(Date.parse(last.time)).not.toBeNaN();
  expect(existsSync(join(bundle.state, "k8s.io/task"))).toBe(false);
});

test("what it doesn't do is refused: checkpoint, restore", async () => {
  const { exitCode, stdout, stderr } = await bundle.script(`${prelude}
    runc create --bundle "$bundle" --pid-file init.pid task && runc start task || exit 9
    runc checkpoint --image-path image --work-path work task; echo $?
    runc restore --detach --image-path image --bundle "$bundle" --pid-file r.pid restored; echo $?
    runc state task; runc delete --force task`);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^1\n1\n/);
  expect(stderr).toMatch(/checkpoint.*not supported[\s\S]*restore.*not supported/);
  expect(json(stdout.slice("1\n1\n".length))).toMatchObject({ status: "running" });
});

test("--version is told in runc's form, and --rootless and --systemd-cgroup are understood", async () => {
  const out = await shim(
    `runc --version; runc --rootless=true --debug list --format json; runc --systemd-cgroup list -q`,
  );
  expect(out).toMatch(/^\S*runc\S* version \S+\n|^coracle-runtime version \S+\n/);
  expect(out).toMatch(/^spec: 1\.\d/m);
});
