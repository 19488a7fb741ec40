/** What engines rely on of conmon's command line, pipes, FIFOs and files: the points that conmon's own tests look at. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { hasProgram, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, program } from "../runtime/bundle.ts";

const id = "0123456789abcdef".repeat(4);
const conmon = join(dirname(program), "coracle-conmon");
let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

/** Shell functions: `conmon ARGS…` for container or session, `start`, `ended` with the container's end, `there FILE`. */
function functions(runtime = program, flags: string[] = []): string {
  return `
  ${args}
  rt() { ${runtime} ${flags.join(" ")} --root "$state" "$@"; }
  conmon() {
    monitors=$((monitors + 1))
    env $pipes ${conmon} -P monitor.$monitors -c ${id} -u ${id} -b "$PWD" -p pid -r ${runtime} --full-attach \
      ${flags.map((flag) => `--runtime-arg=${flag}`).join(" ")} --runtime-arg=--root --runtime-arg="$state" "$@"
  }
  # told PIPES ARGS…: conmon with these in its environment
  told() { pipes=$1; shift; conmon "$@"; pipes=; }
  is() { rt state ${id} 2>/dev/null | grep -q '"status": *"'"$1"; }
  start() { until is created; do sleep 0.05; done; rt start ${id}; }
  # Also of its monitors and its sessions', which write down what they know when the process has ended
  ended() {
    until is stopped; do sleep 0.05; done
    for file in monitor.*; do
      while grep -qs '^State:.[^ZX]' "/proc/$(cat "$file")/status"; do sleep 0.02; done
    done
    rt delete ${id}
  }
  there() { until [ -s "$1" ]; do sleep 0.05; done; }
  # exec_spec SCRIPT: what a session runs
  exec_spec() { printf '{"args":["sh","-c","%s"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0}}' "$1" >process.json; }
  `;
}
const read = (name: string) => readFileSync(bundle.outside(name), "utf8");
const objects = (name: string) =>
  read(name)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
/** Lines of a log of k8s-file without their times. */
const logged = (name: string) =>
  read(name)
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(line.indexOf(" ") + 1));

/** What most of them need, as shell variables. */
const args = `id=${id}; who="-c $id -u $id"; base="$who -r /tmp"`;

describe("the command line", () => {
  test.each([
    ["", "Container ID not provided. Use --cid"],
    ["-c $id", "Container UUID not provided. Use --cuuid"],
    ["$who", "Runtime path not provided. Use --runtime"],
    ["$who -r /not/a/path", "Runtime path /not/a/path is not valid"],
    ["$base", "Log driver not provided. Use --log-path"],
    ["$base -l ''", "log-path must not be empty"],
    ["$base -l :", "log-path must not be empty"],
    ["$base -l k8s-file", "k8s-file requires a filename"],
    ["$base -l k8s-file:", "k8s-file requires a filename"],
    ["$base -l k8s-file:/not/a/path", "Failed to open log file"],
    ["$base -l invalid:log", "No such log driver invalid"],
    ["$base -l invalid:", "No such log driver invalid"],
    ["$base -l k8s-file:log -l invalid:log", "No such log driver invalid"],
    [
      "-c abcdefghijkl -u abcdefghijkl -r /tmp -l journald:",
      "Container ID must be longer than 12 characters",
    ],
    ["$base -l log --log-tag x", "k8s-file doesn't support --log-tag"],
    ["$base -l log --log-label A=b", "k8s-file doesn't support --log-label"],
    ["$base -l journald --log-label A", "Container labels must be in format LABEL=VALUE"],
    ["$base -l journald --log-label A=b=c", "Container labels must be in format LABEL=VALUE"],
    ["$base -l journald --log-label =b", "Container labels must be in format LABEL=VALUE"],
    ["$base -l journald --log-label A%=b", "must contain only uppercase letters, numbers and underscore"],
    ["$base -l log --log-rotate --log-max-files -1", "log-max-files must be non-negative"],
    ["$base -l log --log-rotate --log-max-files 1001", "log-max-files cannot exceed 1000"],
    ["$base -l log --log-rotate --log-max-files 0", "log-max-files must be at least 1"],
    ["$base -l log --log-allowlist-dirs /usr", "is in none of --log-allowlist-dirs"],
    ["$base -l log --exec", "Exec process spec path not provided. Use --exec-process-spec"],
    ["$base -l log --exec-attach", "Attach can only be specified with exec"],
    [
      "$base -l log -e --exec-process-spec x --exec-attach",
      "Attach can only be specified for a non-legacy exec session",
    ],
    ["$base -l log -e --exec-process-spec x --exec-attach --api-version 1", "_OCI_ATTACHPIPE was not"],
    ["$base -l log --restore x", "--restore is not supported"],
    ["$base -l log --log-size-max many", "`many` is not a number"],
    ["$base -l log --enable-healthcheck", "--enable-healthcheck"],
  ])("%s: is refused", async (line, message) => {
    const { exitCode, stderr } = await bundle.script(`${args}\n${conmon} ${line}`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(message) });
  });

  test.each([
    ["-l log", ["log"]],
    ["-l k8s-file:log", ["log"]],
    ["-l :log", ["log"]],
    ["-l :journald", ["journald"]],
    ["-l none:", []],
    ["-l off:", []],
    ["-l null:", []],
    ["-l journald:", []],
    ["-l k8s-file:log -l journald: --log-tag äöüß --log-label A_1=b", ["log"]],
    ["-l log --log-rotate --log-max-files 2 --log-size-max 99999999999", ["log"]],
    ['-l log --log-allowlist-dirs /usr --log-allowlist-dirs "$PWD"', ["log"]],
    ["-l log --log-size-max -1 --no-sync-log", ["log"]],
  ])("%s: the log is there when the caller goes on", async (line, files) => {
    bundle.write();
    mkdirSync(bundle.outside("empty"));
    const { exitCode, stderr } = await bundle.script(
      `${args}\ncd empty; ${conmon} $base --socket-dir-path /nowhere ${line}`,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const made = readdirSync(bundle.outside("empty")).filter((name) => !["ctl", "winsz"].includes(name));
    expect(made).toEqual(files);
  });

  test("what has no effect without the journal is warned of", async () => {
    const { exitCode, stderr } = await bundle.script(
      `${args}\n${conmon} $base -l log --no-container-partial-message`,
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain("no effect without journald log driver");
  });

  test("--version and --help", async () => {
    const version = await bundle.output(`${conmon} --log-tag äöüß --version`);
    expect(version).toMatch(/^conmon version \d+\.\d+\.\d+\ncommit: /);
    const help = await bundle.output(`${conmon} --help`);
    expect(help).toMatch(/-e, --exec\n/);
    expect(help).toContain("journald");
    expect(help).not.toContain("--restore");
  });
});

describe.each([
  ["our runtime", program, []],
  ["crun", "/usr/bin/crun", ["--cgroup-manager=disabled"]],
])("with %s", (name, runtime, flags) => {
  const shell = functions(runtime, flags);
  const missing = () => (name === "crun" ? hasProgram("crun") : undefined);
  beforeEach(() => {
    bundle.config.ociVersion = "1.0.0"; // crun of Debian 12 knows no other
  });

  test("the pid is told once, under the name that the engine knows", async (context) => {
    skipUnless(context, missing());
    bundle.config.process.args = ["sh", "-c", "echo out; exit 3"];
    await bundle.output(`${shell}
      told _OCI_SYNCPIPE=6 -l log --exit-dir . 6>old; start; ended
      cp pid oldpid; mv ${id} code
      told _OCI_SYNCPIPE=6 -l log --api-version 1 6>new; start; ended`);
    expect(objects("old")).toEqual([{ pid: Number(read("oldpid")) }]);
    expect(objects("new")).toEqual([{ data: Number(read("pid")) }]);
    expect(read("code")).toBe("3");
    expect(logged("log")).toEqual(["stdout F out", "stdout F out"]);
  });

  test("so is what the runtime says when it fails, and the exit command runs", async (context) => {
    skipUnless(context, missing());
    bundle.config.process.args = ["nosuch"];
    await bundle.output(`${shell}
      told _OCI_SYNCPIPE=6 -l log --exit-command /bin/sh --exit-command-arg -c --exit-command-arg "echo ended >'$PWD'/ended" 6>sync
      there ended`);
    expect(objects("sync")).toEqual([{ pid: -1, message: expect.stringContaining("nosuch") }]);
  });

  test("an exec session tells pid and exit code, an old one its exit code only", async (context) => {
    skipUnless(context, missing());
    bundle.config.process.args = ["sleep", "1000"];
    await bundle.output(`${shell}
      conmon -l log; start
      exec_spec "echo said; exit 4"
      session="-e --exec-process-spec process.json --no-pivot"
      told _OCI_SYNCPIPE=6 -l old.log $session 6>old; until grep -q exit_code old; do sleep 0.05; done
      told _OCI_SYNCPIPE=6 -l new.log $session --api-version 1 6>new; until [ "$(wc -l <new)" = 2 ]; do sleep 0.05; done
      cp pid sessionpid
      ${conmon} -c ${id} -r ${runtime} ${flags.map((flag) => `--runtime-arg=${flag}`).join(" ")} --runtime-arg=--root \
        --runtime-arg="$state" -p pid $session --sync -l none || echo $? >code
      rt kill ${id} KILL; ended`);
    expect(objects("old")).toEqual([{ exit_code: 4 }]);
    expect(objects("new")).toEqual([{ data: Number(read("sessionpid")) }, { data: 4 }]);
    expect(logged("old.log")).toEqual(["stdout F said"]);
    expect(read("code")).toBe("4\n");
  });

  test("an attached session waits for its client", async (context) => {
    skipUnless(context, missing());
    bundle.config.process.args = ["sleep", "1000"];
    await bundle.output(`${shell}
      conmon -l log; start
      exec_spec "echo said"
      mkfifo begin; exec 7<>begin; echo begin >&7
      told "_OCI_STARTPIPE=7 _OCI_ATTACHPIPE=6" -l exec.log -e --exec-process-spec process.json --exec-attach --api-version 1 6>attached
      there attached; sleep 0.2; cp exec.log before
      echo attached >&7; there exec.log
      rt kill ${id} KILL; ended`);
    expect(objects("attached")).toEqual([{ data: 0 }]);
    expect(read("before")).toBe("");
    expect(logged("exec.log")).toEqual(["stdout F said"]);
  });
});

test("--sync: the caller waits, and gets the exit code", async () => {
  bundle.config.process.args = ["sh", "-c", "exit 5"];
  const { exitCode } = await bundle.script(`${functions()}
    ${conmon} $who -r "$program" --runtime-arg=--root --runtime-arg="$state" --full-attach --sync -l none -P monitor & pid=$!
    start; wait $pid; rc=$?; rt delete ${id}; exit $rc`);
  expect(exitCode).toBe(5);
  /* Where none is given, in the working directory; and nobody has to be told the caller's own child. */
  expect(Number(read(`pidfile-${id}`))).toBeGreaterThan(0);
  expect(existsSync(bundle.outside("monitor"))).toBe(false);
});

test("a session that takes too long goes with all that it has started", async () => {
  bundle.config.process.args = ["sleep", "1000"];
  await bundle.output(`${functions()}
    conmon -l none; start
    exec_spec "sleep 997 & sleep 998"
    told _OCI_SYNCPIPE=6 -l none -e --exec-process-spec process.json --api-version 1 -T 1 6>sync
    until [ "$(wc -l <sync)" = 2 ]; do sleep 0.05; done
    exec_spec "ps >/tmp/left"
    conmon --sync -l none -e --exec-process-spec process.json
    rt kill ${id} KILL; ended`);
  expect(objects("sync")[1]).toEqual({ data: -1, message: "command timed out" });
  expect(readFileSync(bundle.inRootfs("tmp/left"), "utf8")).not.toMatch(/sleep 99[78]/);
});

describe("the attach socket", () => {
  /** A client that writes, ends that, and prints each line that it gets as stream:text. A packet may carry several. */
  const client = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(b"hello\\n")
s.shutdown(socket.SHUT_WR)
while True:
    packet = s.recv(9000)
    if not packet:
        break
    for line in packet[1:].decode().splitlines():
        print(packet[0], line, sep=":", flush=True)
    if sys.argv[2:] == ["once"]:
        break`;
  const cat = ["sh", "-c", "cat && echo stopped"];

  test("is found by a link to the bundle, whose length is the engine's choice", async (context) => {
    skipUnless(context, hasProgram("python3"));
    bundle.config.process.args = cat;
    const out = await bundle.output(`${functions()}
      mkdir s
      ${conmon} -P monitor.0 -c ${id} -u short -b "$PWD" -p pid -r "$program" --runtime-arg=--root --runtime-arg="$state" --socket-dir-path s -i -l log
      start
      python3 -c '${client}' s/short/attach
      ended
      [ ! -e attach ]; readlink s/short`);
    expect(out).toBe(`2:hello\n2:stopped\n${bundle.directory}\n`);
  });

  test("with --leave-stdin-open, a client's end isn't the end of stdin", async (context) => {
    skipUnless(context, hasProgram("python3"));
    bundle.config.process.args = cat;
    const out = await bundle.output(`${functions()}
      conmon -i --leave-stdin-open -l log; start
      python3 -c '${client}' attach once; python3 -c '${client}' attach once
      rt kill ${id} KILL; ended`);
    expect(out).toBe("2:hello\n2:hello\n");
    expect(logged("log")).toEqual(["stdout F hello", "stdout F hello"]);
  });

  test("a client gets the output also where conmon's turn comes after the container's end", async (context) => {
    skipUnless(context, hasProgram("python3"), hasProgram("strace"));
    bundle.config.process.args = ["echo", "out"];
    const attachAndStart = `
import socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("attach")
subprocess.run(sys.argv[1:], check=True)
while packet := s.recv(9000): print(packet[1:].decode(), end="")`;
    writeFileSync(bundle.outside("client.py"), attachAndStart);
    // What it first wakes up for is the end of the runtime that made the container.
    const late = "trace=epoll_wait,epoll_pwait -e inject=epoll_wait,epoll_pwait:delay_exit=1000000:when=1";
    const out = await bundle.output(`${functions()}
      strace -D -f -o /dev/null -e ${late} ${conmon} -P monitor.0 $who -b "$PWD" -p pid -r "$program" --full-attach \
        --runtime-arg=--root --runtime-arg="$state" -l log
      until is created; do sleep 0.05; done
      python3 client.py "$program" --root "$state" start ${id}
      ended`);
    expect(out).toBe("out\n");
  });

  test("without --stdin there is nothing to read", async () => {
    bundle.config.process.args = cat;
    await bundle.output(`${functions()}\nconmon -l log; start; ended`);
    expect(logged("log")).toEqual(["stdout F stopped"]);
  });
});

describe("the FIFOs", () => {
  test("only whole and sensible lines change the size of the terminal", async () => {
    bundle.config.process = { ...bundle.config.process, terminal: true };
    bundle.config.process.args = ["sh", "-c", "while read line; do stty size; done"];
    const lines = [
      ["ctl", "1 -1 -1", "7 7"],
      ["ctl", "1 2", "7 7"],
      ["ctl", "1", "7 7"],
      ["ctl", `1 2 2 ${"#".repeat(65535)}`, "7 7"],
      ["ctl", "foo", "7 7"],
      ["ctl", "999 2 2", "7 7"],
      ["ctl", "1 10.5 20.3", "7 7"],
      ["ctl", "1 0x10 0x20", "7 7"],
      ["ctl", "1 100000 100000", "7 7"],
      ["ctl", "1 1001 1000", "7 7"],
      ["ctl", "1 1000 1001", "7 7"],
      ["ctl", "1 2 3 4", "2 3"],
      ["ctl", "1 0010 0020", "10 20"],
      ["ctl", "1 1000 1000", "1000 1000"],
      ["winsz", "30 40", "30 40"],
    ] as const;
    const script = `
import os, socket, sys, time
def put(fifo, text):
    fd = os.open(fifo, os.O_WRONLY)
    os.write(fd, text.encode())
    os.close(fd)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("attach")
seen = b""
def size():
    global seen
    s.send(b"\\n")
    while seen.count(b"\\n") < 2:  # the echo, and the answer
        seen += s.recv(9000)[1:]
    answer = seen.split(b"\\r\\n")[1].decode()
    seen = b""
    return answer
for fifo, line in ${JSON.stringify(lines.map(([fifo, line]) => [fifo, line]))}:
    put("ctl", "1 7 7\\n")
    put(fifo, line + "\\n")
    # FIFOs aren't in order with the socket
    for _ in range(40):
        answer = size()
        if answer != "7 7": break
        time.sleep(0.005)
    print(answer)`;
    writeFileSync(bundle.outside("sizes.py"), script);
    const out = await bundle.output(`${functions()}
      conmon -t -l none; start; python3 sizes.py; rt kill ${id} KILL; ended`);
    expect(out.trimEnd().split("\n")).toEqual(lines.map(([, , size]) => size));
  });

  test("a log that was moved away is begun anew, and with --log-rotate conmon moves it itself", async () => {
    bundle.config.process.args = ["sh", "-c", "echo before; read line; echo after"];
    const run = (more: string, between: string) => `
      mkfifo in; conmon -i -l log ${more}; start; there log
      ${between}
      echo "2 0 0" >ctl; until [ -e log ] && [ ! -s log ]; do sleep 0.05; done
      python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("attach")
s.send(b"\\n")
while s.recv(9000): pass'
      ended`;
    await bundle.output(`${functions()}
      ${run("", "mv log moved")}
      mv log later; rm in
      ${run("--log-rotate --log-max-files 2", ":")}`);
    expect(logged("moved")).toEqual(["stdout F before"]);
    expect(logged("later")).toEqual(["stdout F after"]);
    expect(logged("log.1")).toEqual(["stdout F before"]);
    expect(logged("log")).toEqual(["stdout F after"]);
  });
});

test("--log-rotate keeps as many files as asked for", async () => {
  bundle.config.process.args = ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done"];
  await bundle.output(`${functions()}
    conmon -l log --log-rotate --log-max-files 2 --log-size-max 60; start; ended`);
  const logs = readdirSync(bundle.directory).filter((name) => name.startsWith("log"));
  expect(logs.sort()).toEqual(["log", "log.1", "log.2"]);
  expect(["log.2", "log.1", "log"].flatMap(logged)).toEqual(
    ["line 3", "line 4", "line 5"].map((l) => `stdout F ${l}`),
  );
});

test("descriptors reach the container by --runtime-opt, and what else was inherited is given back with its end", async () => {
  bundle.config.process.args = ["sh", "-c", "cat <&3"];
  await bundle.output(`${functions()}
    echo data >in; exec 3<in 8>held
    conmon -l log --runtime-opt --preserve-fds --runtime-opt 1 --exit-command /bin/sh \
      --exit-command-arg -c --exit-command-arg "readlink /proc/\\$PPID/fd/* >'$PWD'/open"
    readlink "/proc/$(cat pid)/fd/8" >in-container || :
    start; ended; there open`);
  expect(logged("log")).toEqual(["stdout F data"]);
  expect(read("in-container")).toBe("");
  expect(read("open")).not.toContain("held");
});

test("--sdnotify-socket: that the container is ready goes on, and nothing else", async (context) => {
  skipUnless(context, hasProgram("python3"));
  bundle.config.process.args = ["sleep", "1000"];
  mkdirSync(bundle.outside("notify"));
  const script = `
import os, socket, subprocess, sys, time
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind("manager")
subprocess.run(sys.argv[1:], check=True)
# What was called only forks; its child makes the socket.
while not os.path.exists("notify/notify.sock"): time.sleep(0.02)
def say(text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect("notify/notify.sock")
    s.send(text)
say(b"MAINPID=1"); say(b"STATUS=x\\nREADY=1\\nMAINPID=1"); say(b"WATCHDOG=1")
print(manager.recv(100).decode(), manager.recv(100).decode())`;
  writeFileSync(bundle.outside("manager.py"), script);
  const out = await bundle.output(`${functions()}
    python3 manager.py ${conmon} -P monitor.0 $who -b "$PWD" -p pid -r "$program" --full-attach --runtime-arg=--root \
      --runtime-arg="$state" -l none --sdnotify-socket="$PWD"/manager
    start; rt kill ${id} KILL; ended`);
  expect(out).toBe("READY=1 WATCHDOG=1\n");
});
