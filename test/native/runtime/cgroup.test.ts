import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { delegatedCgroup } from "../../support/cgroup.ts";
import { hasCgroup, skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace } from "./bundle.ts";
import { FakeSystemd } from "./fake-systemd.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const lines = (text: string) => text.trimEnd().split("\n");

test("init and exec'ed processes are in it, and it goes with the container", async (context) => {
  skipUnless(context, hasCgroup());
  const cgroup = bundle.useCgroup()!;
  bundle.config.process.args = ["sleep", "1000"];
  const out = await bundle.output(`
    rt run -d c; rt exec -d c sleep 500; rt ps -f json c | tr -d '[] \\n'; echo
    grep 0:: /proc/$(head -1 '${cgroup}/cgroup.procs')/cgroup
    rt exec c grep 0:: /proc/self/cgroup; rt delete -f c`);
  expect(lines(out)).toEqual([
    expect.stringMatching(/^\d+,\d+$/),
    `0::${bundle.config.linux.cgroupsPath}`,
    "0::/",
  ]);
  expect(existsSync(cgroup)).toBe(false);
});

test("what devices may be used can't be changed by update", async (context) => {
  skipUnless(context, hasCgroup());
  bundle.useCgroup();
  bundle.config.process.args = ["sleep", "1000"];
  const devices = [{ allow: false, access: "rwm" }];
  writeFileSync(bundle.outside("same.json"), JSON.stringify({ devices }));
  writeFileSync(
    bundle.outside("new.json"),
    JSON.stringify({ devices: [...devices, { allow: true, access: "r" }] }),
  );
  bundle.config.linux.resources = { devices };
  const out = await bundle.output(
    "rt run -d c; rt update -r same.json c; rt update -r new.json c 2>&1 || true; rt delete -f c",
  );
  expect(out).toBe("Error: linux.resources.devices: can't be changed by update\n");
});

test("with systemd it is a scope, made over its socket", async (context) => {
  skipUnless(context, hasCgroup());
  const parent = delegatedCgroup()!;
  const systemd = new FakeSystemd(bundle.outside("run"), parent);
  const name = bundle.directory.slice(bundle.directory.lastIndexOf("/") + 1);
  bundle.config.linux.cgroupsPath = `user.slice:test:${name}`;
  bundle.config.process.args = ["sleep", "1000"];
  const out = await bundle.output(`
    export XDG_RUNTIME_DIR=$PWD/run
    rt --systemd-cgroup create c; rt start c; cat '${parent}/test-${name}.scope/cgroup.procs' | wc -l
    rt exec c grep 0:: /proc/self/cgroup; rt delete -f c`);
  expect(out).toBe("1\n0::/\n");
  const call = { user: process.getuid?.(), unit: `test-${name}.scope` };
  expect(systemd.calls).toEqual([
    expect.objectContaining({ ...call, method: "StartTransientUnit" }),
    expect.objectContaining({ ...call, method: "StopUnit" }),
  ]);
  expect(systemd.calls[0]?.body.toString("latin1")).toMatch(
    /fail\0.*Slice\0\x01s\0.*user\.slice\0.*Delegate\0\x01b\0/s,
  );
  expect(existsSync(join(parent, `test-${name}.scope`))).toBe(false);
});

test.each([{ cpu: { shares: 4321 } }, { unified: { "cpu.weight": "165" } }])(
  "systemd knows of %j, which it would else undo",
  async (resources) => {
    const parent = delegatedCgroup();
    const systemd = new FakeSystemd(bundle.outside("run"), parent);
    bundle.config.linux.cgroupsPath = `user.slice:test:${bundle.directory.slice(bundle.directory.lastIndexOf("/") + 1)}`;
    bundle.config.linux.resources = resources;
    await bundle.script("XDG_RUNTIME_DIR=$PWD/run rt --systemd-cgroup run c");
    const body = systemd.calls[0]!.body;
    const name = "CPUWeight\0\x01t\0";
    const value = Math.ceil((body.indexOf(name) + name.length) / 8) * 8;
    expect(body.readBigUInt64LE(value)).toBe(165n);
  },
);

test("what systemd says against a scope is told", async () => {
  new FakeSystemd(bundle.outside("run"), undefined);
  bundle.config.linux.cgroupsPath = "user.slice:test:refused";
  const { exitCode, stderr } = await bundle.script(
    "XDG_RUNTIME_DIR=$PWD/run rt --systemd-cgroup create c; rc=$?; rt state c 2>&1 | grep -q 'does not exist' && exit $rc",
  );
  expect(stderr).toMatch(/systemd refused StartTransientUnit of test-refused\.scope: No such luck\n$/);
  expect(exitCode).not.toBe(0);
  expect((await bundle.script("XDG_RUNTIME_DIR=/nowhere rt --systemd-cgroup create c")).stderr).toMatch(
    /reach systemd at \/nowhere\/systemd\/private/,
  );
});

test("kill --all reaches everything, without a pid namespace too", async (context) => {
  skipUnless(context, hasCgroup());
  const cgroup = bundle.useCgroup()!;
  bundle.withoutNamespace("pid").withoutMount("/proc");
  bundle.mount({ destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] });
  bundle.config.process.args = ["sh", "-c", "sleep 500 & sleep 500 & wait"];
  await bundle.output(`
    rt run -d c; while [ $(wc -l <'${cgroup}/cgroup.procs') != 3 ]; do :; done
    rt kill --all c KILL; while ! rt delete c 2>/dev/null; do :; done`);
  expect(existsSync(cgroup)).toBe(false);
});

test("that others are in is refused and left alone: delete would kill them", async (context) => {
  skipUnless(context, hasCgroup());
  const cgroup = bundle.useCgroup()!;
  const out = await bundle.output(`
    mkdir '${cgroup}'; sleep 1000 & other=$!; echo $other >'${cgroup}/cgroup.procs'
    rt run c 2>&1 || true; kill $other; wait $other || true; rmdir '${cgroup}'`);
  expect(out).toMatch(/has processes that are not this container's/);
  bundle.config.linux.cgroupsPath = "//";
  expect(await bundle.refusal(["true"])).toMatch(/is the root, which holds everybody/);
});

test("a limit whose controller is missing is an error that names it", async (context) => {
  skipUnless(context, hasCgroup(), hasCgroup("memory") ? undefined : "the memory controller is there");
  const cgroup = bundle.useCgroup()!;
  bundle.config.linux.resources = { memory: { limit: 1 << 28 } };
  expect(await bundle.refusal(["true"])).toMatch(/controller `memory` is not available/);
  expect(existsSync(cgroup)).toBe(false);
});

test("limits are written where the kernel has them, by create and by update", async (context) => {
  skipUnless(context, hasCgroup("hugetlb"));
  const cgroup = bundle.useCgroup()!;
  bundle.config.process.args = ["sleep", "1000"];
  const limits = (limit: number) => ({ hugepageLimits: [{ pageSize: "2MB", limit }] });
  bundle.config.linux.resources = { ...limits(4 << 20), unified: { "hugetlb.2MB.rsvd.max": "8388608" } };
  writeFileSync(bundle.outside("new.json"), JSON.stringify(limits(6 << 20)));
  const out = await bundle.output(`
    rt run -d c; cd '${cgroup}'; cat hugetlb.2MB.max hugetlb.2MB.rsvd.max; cd "$OLDPWD"
    rt update -r new.json c; cd '${cgroup}'; cat hugetlb.2MB.max hugetlb.2MB.rsvd.max; cd "$OLDPWD"; rt delete -f c`);
  // What is reserved has the same limit, if it isn't given another one.
  expect(lines(out)).toEqual(["4194304", "8388608", "6291456", "6291456"]);
  bundle.config.linux.resources = { unified: { "../../hugetlb.2MB.max": "0" } };
  expect(await bundle.refusal(["true"])).toMatch(/is not a controller's file/);
  bundle.config.linux.resources = { unified: { "hugetlb.3MB.max": "0" } };
  expect(await bundle.refusal(["true"])).toMatch(
    /this kernel's cgroup controller `hugetlb` does not have it/,
  );
  expect(existsSync(cgroup)).toBe(false);
});

test("an idle container has no shares", async (context) => {
  skipUnless(context, hasCgroup("cpu"));
  const cgroup = bundle.useCgroup()!;
  bundle.config.process.args = ["sleep", "1000"];
  bundle.config.linux.resources = { cpu: { idle: 1, shares: 1024 } };
  writeFileSync(bundle.outside("new.json"), JSON.stringify({ cpu: { idle: 0, shares: 1024 } }));
  const out = await bundle.output(`
    rt run -d c; cat '${cgroup}/cpu.idle'; rt update -r new.json c; cat '${cgroup}'/cpu.idle '${cgroup}'/cpu.weight
    rt delete -f c`);
  expect(lines(out)).toEqual(["1", "0", "39"]);
});

test.for([
  [{ memory: { kernel: 1 << 20 } }, "memory.kernel: there is no such thing in cgroup v2"],
  [{ memory: { kernelTCP: 1 << 20 } }, "memory.kernelTCP: there is no such thing in cgroup v2"],
  [{ memory: { swappiness: 1 } }, "memory.swappiness: there is no such thing in cgroup v2"],
  [{ network: { classID: 1 } }, "network: there is no such thing in cgroup v2"],
  [{ cpu: { realtimeRuntime: 1 } }, "realtimePeriod: there is no such thing in cgroup v2"],
  [{ blockIO: { leafWeight: 10 } }, "blockIO.leafWeight: there is no such thing in cgroup v2"],
] as const)("%j is refused", async ([resources, message], context) => {
  skipUnless(context, hasCgroup());
  bundle.useCgroup();
  bundle.config.linux.resources = resources;
  expect(await bundle.refusal(["true"])).toContain(message);
});

test("events tells what is used, until the container ends", async (context) => {
  skipUnless(context, hasCgroup("hugetlb"));
  const cgroup = bundle.useCgroup()!;
  bundle.config.process.args = ["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; read end"];
  const out = await bundle.output(`
    mkfifo end; rt run -d c <>end; until grep -qE '^usage_usec [0-9]{4,}$' '${cgroup}/cpu.stat'; do sleep 0.05; done
    rt events --stats c; rt events --interval 50ms c >stream & until [ -s stream ]; do sleep 0.05; done
    echo >end; wait; head -n 1 stream; rt delete -f c; rt events --stats c 2>&1 || true`);
  const [once, first, error] = lines(out);
  for (const line of [once, first]) {
    const event = JSON.parse(line as string);
    expect(event).toMatchObject({ type: "stats", id: "c", data: { hugetlb: { "2MB": { usage: 0 } } } });
    const { total, user, kernel } = event.data.cpu.usage;
    expect(total).toBeGreaterThan(1_000_000);
    expect(Math.abs(total - user - kernel)).toBeLessThanOrEqual(2000);
  }
  expect(error).toMatch(/container `c` does not exist/);
  for (const bad of ["", "5", "0s", "-1s", "5parsecs"])
    expect(await bundle.output(`rt events --interval '${bad}' c 2>&1 || true`)).toMatch(/is not a duration/);
});

test("exec finds its way into a container that hands its controllers on", async (context) => {
  skipUnless(context, hasCgroup("hugetlb"));
  const cgroup = bundle.useCgroup()!;
  bundle.config.process.args = ["sleep", "1000"];
  const out = await bundle.output(`
    rt run -d c; mkdir '${cgroup}/init'; read init <'${cgroup}/cgroup.procs'
    echo $init >'${cgroup}/init/cgroup.procs'; echo +hugetlb >'${cgroup}/cgroup.subtree_control'
    rt exec c grep 0:: /proc/self/cgroup; rt ps -f json c | grep -c $init; rt delete -f c`);
  expect(lines(out)).toEqual(["0::/init", "1"]);
  expect(existsSync(cgroup)).toBe(false);
});

test("limits without a cgroup are refused", async () => {
  bundle.config.linux.resources = { pids: { limit: 10 } };
  expect(await bundle.refusal(["true"])).toMatch(/linux.resources.pids: needs a cgroup/);
});

test("pause without a cgroup is a clear error", async () => {
  bundle.config.process.args = ["sleep", "1000"];
  const result = await bundle.script("rt run -d c; rt pause c; rt delete -f c");
  expect(result.stderr).toMatch(/has no cgroup/);
});
