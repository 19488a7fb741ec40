/** Containers of an ordinary user on a system with systemd and pure cgroup v2: limits, scopes, units. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { busyboxArchive } from "../support/images.ts";
import { inGuest, Machines, sections } from "./machine.ts";

const machines = new Machines();
let parts: Record<string, string>;
const part = (name: string) => parts[name] ?? "not reached";

const script = (archive: string) => `
coracle load -q -i ${archive} >/dev/null
scope() { echo /sys/fs/cgroup/$(coracle inspect $1 --format '{{.State.CgroupPath}}'); }
names() { systemctl --user list-units --no-legend 'libpod*' | sed 's/^ *libpod-\\(conmon-\\)\\?[0-9a-f]*\\..*/\\1scope/' | sort; }

section session; cat /proc/self/cgroup
section manager; coracle info --format '{{.Host.CgroupManager}} {{.Host.CgroupsVersion}} {{.Host.CgroupControllers}}'
section doctor; coracle doctor
section defaults; coracle run --rm bb cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max

coracle run -d --name m --memory 64m --pids-limit 20 --cpus 0.5 bb sleep 1000 >/dev/null
section limits; cat $(scope m)/{memory.max,memory.swap.max,pids.max,cpu.max}
section scopes; names; coracle inspect m --format '{{.State.CgroupPath}} {{.HostConfig.CgroupParent}} {{.HostConfig.CgroupManager}}'
section reload; systemctl --user daemon-reload; cat $(scope m)/{memory.max,pids.max,cpu.max}
section exec; coracle exec m cat /proc/self/cgroup; coracle exec -d m sleep 77 >/dev/null; coracle exec m true; echo $?; coracle top m args | sed 's/ *$//' | sort
section pids; coracle exec m sh -c 'i=0; while [ $i -lt 30 ]; do sleep 60 & i=$((i+1)); done' | tail -1
section update; coracle update --memory 100m m >/dev/null; systemctl --user daemon-reload; cat $(scope m)/memory.max
section stats; coracle stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' m
section pause; coracle pause m; coracle inspect m --format '{{.State.Status}}'; cat $(scope m)/cgroup.freeze; coracle unpause m
coracle rm -f -t 0 m >/dev/null
section gone; names; ls -d /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/libpod* 2>/dev/null

section oom
coracle run --name o --memory 32m bb sh -c 'x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo done'; echo $?
coracle inspect o --format '{{.State.OOMKilled}} {{.State.ExitCode}}'
section cpu
coracle run --rm --cpus 0.3 bb sh -c 's=$(date +%s); while [ $(($(date +%s)-s)) -lt 5 ]; do :; done; head -1 /sys/fs/cgroup/cpu.stat'

section unit
systemd-run --user --wait --collect -q coracle run -d --name u bb sleep 1000 >/dev/null; sleep 0.5
coracle ps --format '{{.Names}} {{.State}}'
section exec-in-unit; systemd-run --user --wait --collect -q --pipe $(command -v coracle) exec u echo hello
section unit-stopped
systemd-run --user --unit fg -q $(command -v coracle) run --rm --name fg bb sh -c 'trap exit TERM; while :; do sleep 0.2; done'
while [ "$(coracle inspect fg --format '{{.State.Status}}' 2>/dev/null)" != running ]; do sleep 0.2; done
systemctl --user stop fg; sleep 0.5; coracle ps -a --format '{{.Names}} {{.State}}'
section killed; kill -9 $(coracle inspect u --format '{{.State.ConmonPid}}'); coracle ps -a --filter name=u --format '{{.Names}} {{.State}}'
coracle start u; coracle ps --format '{{.Names}} {{.State}}'
section restart
coracle run -d --name r --restart on-failure:2 bb sh -c 'exit 1' >/dev/null
while [ "$(coracle inspect r --format '{{.RestartCount}} {{.State.Status}}')" != '2 exited' ]; do sleep 0.2; done; echo ended
section parent
coracle run --rm --cgroup-parent mine.slice --cgroupns host bb cat /proc/self/cgroup
coracle run --rm --cgroup-parent mine bb true; echo $?
section split; systemd-run --user -q --wait --pipe -p Delegate=yes $(command -v coracle) run --rm --cgroups=split --cgroupns=host bb cat /proc/self/cgroup
section cgroupfs; coracle --cgroup-manager cgroupfs run --rm bb true; echo $?
section crun; coracle --runtime crun run --rm --memory 50m bb cat /sys/fs/cgroup/memory.max
section left; coracle rm -fa -t 0 >/dev/null; names; sleep 0.5; pgrep -u alice -l coracle
`;

beforeAll(async () => {
  const archive = join(machines.directory, "bb.oci.tar");
  copyFileSync(busyboxArchive(), archive);
  const { exitCode, output } = await machines.run(script(inGuest(archive)));
  parts = sections(output);
  if (exitCode === 125) throw new Error(output);
});
afterAll(() => machines.remove());

test("the script ran in a login session, where nothing is delegated", () => {
  expect(part("session")).toMatch(/^0::\/user\.slice\/user-1000\.slice\/session-\w+\.scope$/);
  expect(part("manager")).toMatch(/^systemd v2 \[.*cpu.*memory.*pids.*\]$/);
  expect(part("doctor")).toMatch(/^ok +systemd makes cgroups for containers$/m);
  expect(part("doctor")).not.toMatch(/^(warning|error)/m);
});

test("without limits there is Podman's number of processes", () => {
  expect(part("defaults")).toBe("2048\nmax");
});

test("limits are those of the container's scope, and stay when systemd reloads", () => {
  expect(part("limits")).toBe("67108864\n67108864\n20\n50000 100000");
  expect(part("reload")).toBe("67108864\n20\n50000 100000");
  expect(part("update")).toBe("104857600");
  expect(part("stats")).toMatch(/^\d.*B \/ 104\.9MB \d+$/);
});

test("container and monitor have a scope each, under Podman's names, and both go", () => {
  expect(part("scopes")).toMatch(
    /^conmon-scope\nscope\n\/user\.slice\/user-1000\.slice\/user@1000\.service\/user\.slice\/libpod-[0-9a-f]{64}\.scope user\.slice systemd$/,
  );
  expect(part("gone")).toBe("");
  expect(part("left")).toBe("");
});

test("exec from a login session gets into the scope", () => {
  expect(part("exec")).toBe("0::/\n0\nCOMMAND\nsleep 1000\nsleep 77");
  expect(part("pids")).toMatch(/can't fork/);
});

test("pause freezes the scope", () => {
  expect(part("pause")).toBe("m\npaused\n1\nm");
});

test("the OOM killer is seen although the scope is gone", () => {
  expect(part("oom")).toBe("137\ntrue 137");
});

test("five seconds at 0.3 processors are 1.5 seconds", () => {
  const used = Number(/^usage_usec (\d+)$/.exec(part("cpu"))?.[1]);
  expect(used).toBeGreaterThan(1_200_000);
  expect(used).toBeLessThan(1_900_000);
});

test("a container outlives the unit that started it; one in the foreground ends with it", () => {
  expect(part("unit")).toBe("u running");
  expect(part("exec-in-unit")).toBe("hello");
  expect(part("unit-stopped")).toBe("o exited\nu running");
});

test("after the monitor was killed the next command tells the truth, and starts it again", () => {
  expect(part("killed")).toBe("u exited\nu\nu running");
});

test("a restart policy makes the scope anew", () => {
  expect(part("restart")).toBe("ended");
});

test("--cgroup-parent is a slice", () => {
  expect(part("parent")).toMatch(
    /^0::\/.*\/user@1000\.service\/mine\.slice\/libpod-[0-9a-f]+\.scope\nError: did not receive systemd slice as cgroup parent.*\n125$/,
  );
});

test("--cgroups=split stays in the unit, cgroupfs does without, crun asks systemd itself", () => {
  expect(part("split")).toMatch(/^0::\/.*\/run-\w+\.service\/libpod-payload-[0-9a-f]{64}$/);
  expect(part("cgroupfs")).toBe("0");
  expect(part("crun")).toBe("52428800");
});
