import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, waitUntil } from "../../support/process.ts";
import { hasDevice, hasProgram, skipUnless } from "../../support/requirements.ts";
import { ExecSession, nativeDirectory, Workshop } from "./support.ts";

/** The sanitizers don't get along with filters: theirs is the build without. */
const FILTERED = /asan/.test(nativeDirectory) ? "0" : "2";
const KILL = 1n << 5n;
/** What the runtime takes, and of the container's own what goes beyond that (CAP_AUDIT_WRITE). */
const OF_RUNTIME = 0x89ac35fbn;
const OF_CONTAINER = OF_RUNTIME | (1n << 29n);

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

interface Privileges {
  CapBnd: bigint;
  CapPrm: bigint;
  CapEff: bigint;
  CapInh: bigint;
  NoNewPrivs: string;
  Seccomp: string;
}

function privilegesOf(pid: number | undefined): Privileges {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const value = (key: string) => new RegExp(`^${key}:\\s+(\\w+)`, "m").exec(status)?.[1] as string;
  const set = (key: string) => BigInt(`0x${value(key)}`);
  return {
    CapBnd: set("CapBnd"),
    CapPrm: set("CapPrm"),
    CapEff: set("CapEff"),
    CapInh: set("CapInh"),
    NoNewPrivs: value("NoNewPrivs"),
    Seccomp: value("Seccomp"),
  };
}

const only = (set: bigint) => ({ CapPrm: set, CapEff: set, CapInh: 0n });
/** Nothing more by executing a program, either. */
const bounded = (set: bigint) => ({ ...only(set), CapBnd: set });

test("a container's monitor keeps what the runtime and the container take, and no more", async () => {
  const bundle = workshop.bundle({ args: ["sleep", "100"] });
  await bundle.background();
  expect(privilegesOf(bundle.status.monitor.pid)).toMatchObject({
    ...bounded(OF_CONTAINER),
    NoNewPrivs: "0",
  });
  await (await bundle.client()).stop(0);
});

test("it keeps everything when it is not told what may go", async () => {
  const bundle = workshop.bundle({ args: ["sleep", "100"], monitor: { privileges: undefined } });
  await bundle.background();
  const last = BigInt(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  expect(privilegesOf(bundle.status.monitor.pid)).toMatchObject(only((2n << last) - 1n));
  await (await bundle.client()).stop(0);
});

test("with less, and no_new_privs like its container, it still restarts it", async () => {
  const privileges = { capabilities: [], noNewPrivileges: true };
  const bundle = workshop.bundle({
    args: [
      "sh",
      "-c",
      "echo run; test $(wc -l < /count 2>/dev/null || echo 0) -gt 0 && sleep 100; echo >> /count; false",
    ],
    process: { noNewPrivileges: true, capabilities: {} },
    monitor: { privileges, restart: { policy: "on-failure", max: 2 } },
  });
  await bundle.background();
  await waitUntil(() => bundle.status.status === "running" && bundle.status.restartCount === 1, {
    what: "the restart",
  });
  const { monitor, init } = bundle.status;
  expect(privilegesOf(monitor.pid)).toMatchObject({ ...bounded(OF_RUNTIME), NoNewPrivs: "1" });
  await waitUntil(() => privilegesOf(init?.pid).CapBnd === 0n, { what: "init with what is its own" });
  await (await bundle.client()).stop(0);
});

test("relays move bytes, and exec sessions' monitors may end their process", async () => {
  const bundle = workshop.bundle({ args: ["sleep", "100"] });
  await bundle.background();
  const session = new ExecSession(bundle, ["sh", "-c", "read line; echo $line; exec sleep 100"], {
    openStdin: true,
  });
  const relay = session.run({ attach: "stdin,stdout", keepStdin: true });
  await relay.started();
  const confined = { NoNewPrivs: "1", Seccomp: FILTERED };
  // Both give up what they have when others have been told of the start already.
  for (const [pid, set] of [
    [session.status.monitor.pid, KILL],
    [relay.child.pid, 0n],
  ] as const)
    await expect
      .poll(() => privilegesOf(pid), { timeout: 10_000 })
      .toMatchObject({ ...only(set), ...confined });
  relay.child.stdin?.write("hello\n");
  await relay.waitForOutput(/hello/);
  relay.control.write("signal 9\n");
  expect(await relay.exit).toBe(137);
  expect(session.status).toMatchObject({ status: "exited", exitCode: 137 });
  await (await bundle.client()).stop(0);
});

test("what forwards ports has no rights, and no calls but those for sockets; it ends with its monitor", async (context) => {
  skipUnless(context, hasProgram("slirp4netns"), hasDevice("/dev/net/tun"));
  const ports = [{ hostIp: "127.0.0.1", hostPort: 0, containerPort: 80, protocol: "tcp" }];
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  for (const port of ports) port.hostPort = (free.address() as { port: number }).port;
  await new Promise((resolve) => free.close(resolve));
  const program = { program: "/usr/bin/slirp4netns", args: ["--mtu=65520", "-c"], address: "10.0.2.100" };
  const network = { mode: "slirp4netns", ...program, ports };
  const bundle = workshop.bundle({ args: ["sleep", "100"], monitor: { network } });
  await bundle.background();
  const { helpers, monitor } = bundle.status;
  const forwarder = helpers.find(
    ({ pid }) => readFileSync(`/proc/${pid}/comm`, "utf8") === "coracle-ports\n",
  );
  expect(privilegesOf(forwarder?.pid)).toMatchObject({ ...only(0n), NoNewPrivs: "1", Seccomp: FILTERED });
  process.kill(monitor.pid, "SIGKILL");
  await waitUntil(() => !isAlive(forwarder?.pid as number), { what: "the forwarder's end" });
});
