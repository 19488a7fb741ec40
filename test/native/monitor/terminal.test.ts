import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Running, waitUntil } from "../../support/process.ts";
import { type Bundle, nativeDirectory, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const stdio = "stdin,stdout,stderr";
const echo = ["sh", "-c", "stty -echo; stty size; while read line; do echo got:$line; done"];

/** The monitor's command on a terminal of its own (util-linux script); what it tells goes to the file `events`. */
class OnTerminal {
  readonly running: Running;
  private readonly directory: string;

  constructor(bundle: Bundle, command: string, setUp = "stty rows 33 cols 77") {
    this.directory = bundle.directory;
    const monitor = join(nativeDirectory, "coracle-monitor");
    const text = `cd ${bundle.directory}; tty >tty; ${setUp}; stty -g >before; ${bundle.workshop.inNamespace([monitor, command]).join(" ")} --ready-fd 3 3>events; echo code=$? >code; stty -g >after`;
    writeFileSync(join(bundle.directory, "command"), text);
    this.running = new Running(["script", "-qec", `sh ${bundle.directory}/command`, "/dev/null"], {
      keepStdin: true,
    });
  }

  type(text: string): void {
    this.running.child.stdin?.write(text);
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), "utf8").trim();
  }

  /** Exit code of the relay; the terminal must be as it was. */
  async end(): Promise<number> {
    await this.running.done;
    expect(this.read("after")).toBe(this.read("before"));
    return Number(this.read("code").replace("code=", ""));
  }
}

function terminalBundle(args: string[], monitor: Record<string, unknown> = {}): Bundle {
  return workshop.bundle({
    args,
    monitor: { terminal: true, openStdin: true, stdinOnce: false, ...monitor },
  });
}

const runIt = (bundle: Bundle, more = "") => `run ${bundle.directory} --attach ${stdio} ${more}`;
const attachTo = (bundle: Bundle, more = "") => `attach ${bundle.socket} --attach ${stdio} ${more}`;

describe("a container with a terminal", () => {
  test("has the size of the caller's from the first moment, and follows it", async () => {
    const bundle = terminalBundle([
      "sh",
      "-c",
      "stty size; trap 'stty size; exit 3' WINCH; while :; do sleep 0.05; done",
    ]);
    const terminal = new OnTerminal(bundle, runIt(bundle));
    await terminal.running.waitForOutput(/33 77/);
    execFileSync("stty", ["-F", terminal.read("tty"), "rows", "44", "cols", "55"]);
    await terminal.running.waitForOutput(/44 55/);
    expect(await terminal.end()).toBe(3);
  });

  test("control-c reaches the container, not the relay", async () => {
    const bundle = terminalBundle([
      "sh",
      "-c",
      "trap 'echo interrupted; exit 4' INT; echo up; while :; do sleep 0.05; done",
    ]);
    const terminal = new OnTerminal(bundle, runIt(bundle));
    await terminal.running.waitForOutput(/up/);
    terminal.type("\x03");
    await terminal.running.waitForOutput(/interrupted/);
    expect(await terminal.end()).toBe(4);
  });

  test("is detached from by its keys and attached to again", async () => {
    const bundle = terminalBundle(echo);
    const terminal = new OnTerminal(bundle, runIt(bundle));
    await terminal.running.waitForOutput(/33 77/);
    terminal.type("one\n");
    await terminal.running.waitForOutput(/got:one/);
    terminal.type("\x10");
    terminal.type("\x11");
    expect(await terminal.end()).toBe(0);
    expect(terminal.read("events").split("\n").at(-1)).toBe('{"event":"detached"}');
    expect(bundle.status.status).toBe("running");

    const again = new OnTerminal(bundle, attachTo(bundle, "--detach-keys ctrl-a,x"));
    await waitUntil(() => bundle.exists("after") && again.read("tty") !== "");
    again.type("two\n");
    await again.running.waitForOutput(/got:two/);
    // A beginning that does not go on is the container's.
    again.type("\x01y\n");
    await again.running.waitForOutput(/got:\x01y/);
    again.type("\x01\x01x");
    expect(await again.end()).toBe(0);
    await bundle.end();
  });

  test("has no detach keys when they are empty", async () => {
    const bundle = terminalBundle([
      "sh",
      "-c",
      "stty raw -echo; echo up; dd bs=1 count=2 2>/dev/null | od -An -tx1",
    ]);
    const terminal = new OnTerminal(bundle, runIt(bundle, "--detach-keys ''"));
    await terminal.running.waitForOutput(/up/);
    terminal.type("\x10\x11");
    await terminal.running.waitForOutput(/10 11/);
    expect(await terminal.end()).toBe(0);
  });

  test("the terminal is restored when the start fails, and when the relay is told to end", async () => {
    const missing = terminalBundle(["no-such-program"]);
    expect(await new OnTerminal(missing, runIt(missing)).end()).toBe(127);
    const bundle = terminalBundle(["sh", "-c", "echo up; sleep 100"]);
    const terminal = new OnTerminal(bundle, runIt(bundle));
    await terminal.running.waitForOutput(/up/);
    const relay = execFileSync("pgrep", ["-f", `coracle-monitor run ${bundle.directory} `])
      .toString()
      .split("\n");
    const pid = relay.map(Number).find((pid) => pid > 0 && pid !== bundle.status.monitor.pid) as number;
    process.kill(pid, "SIGTERM");
    expect(await terminal.end()).toBe(143);
    await bundle.end();
  });

  test("a relay in the background does not hang and leaves the terminal alone", async () => {
    const bundle = terminalBundle(["sh", "-c", "stty size; echo done; exit 6"]);
    const terminal = new OnTerminal(bundle, `${runIt(bundle)} & wait $! #`, "set -m; stty rows 33 cols 77");
    await terminal.running.waitForOutput(/done/);
    await terminal.running.done;
    expect(bundle.status.exitCode).toBe(6);
  });

  test("takes sizes and bytes from a caller without a terminal", async () => {
    const bundle = terminalBundle([
      "sh",
      "-c",
      "trap 'stty size' WINCH; stty -echo; echo up; while :; do read line && echo got:$line; done",
    ]);
    const relay = bundle.run({ attach: stdio, keepStdin: true });
    await relay.waitForOutput(/up/);
    relay.control.write("resize 12 34\n");
    await relay.waitForOutput(/12 34/);
    relay.child.stdin?.write("a\n");
    await relay.waitForOutput(/got:a/);
    await bundle.end();
  });

  test("gives all its output before its end", async () => {
    const bundle = terminalBundle(["sh", "-c", "seq 1 50000"]);
    const relay = await bundle.output();
    expect(relay.stdout.toString().replaceAll("\r", "")).toBe(
      Array.from({ length: 50000 }, (_, i) => `${i + 1}\n`).join(""),
    );
  });
});
