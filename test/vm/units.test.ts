/** Generated units, socket activation and restart policies on a systemd, over a reboot. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxArchive } from "../support/images.ts";
import { inGuest, Machines, sections } from "./machine.ts";

const machines = new Machines();
let parts: Record<string, string>;
let later: Record<string, string>;
const part = (name: string) => parts[name] ?? "not reached";
const installer = inGuest(join(import.meta.dirname, "../../bin/install.sh"));

const policies = ["always", "unless-stopped", "on-failure"];

/** On a fast machine two kills come within systemd's limit of starts, of which each connection asks for some more. */
const noLimit =
  "mkdir $units/echo.service.d; printf '[Unit]\\nStartLimitIntervalSec=0\\n' >$units/echo.service.d/limit.conf";

/** What both boots need. The host's perl, since busybox can't take a socket that is open already. */
const common = `
PATH=~/.local/bin:$PATH
units=~/.config/systemd/user; mkdir -p $units
property() { systemctl --user show $1 -p $2 --value; }
until_state() { i=0; while [ "$(property $1 ActiveState)" != $2 ] && [ $i -lt 200 ]; do sleep 0.2; i=$((i+1)); done; }
restarted() { i=0; while { [ "$(property $1 MainPID)" = $2 ] || [ "$(property $1 ActiveState)" != active ]; } && [ $i -lt 200 ]; do sleep 0.2; i=$((i+1)); done; }
ask() { timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/7777; cat <&3'; }
`;

const loop = `sh -c 'trap "exit 0" TERM; while :; do sleep 0.2; done'`;
const perl =
  "/host/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path /host/lib/x86_64-linux-gnu:/host/usr/lib/x86_64-linux-gnu /host/usr/bin/perl";
const server = `open(S, "+<&=3") or die; while (accept(C, S)) { print C "$ENV{LISTEN_FDS} hello\\n"; close C }`;

const script = (archive: string) => `
sh ${installer} ~/.local
${common}
coracle load -q -i ${archive} >/dev/null

section kept
coracle create --name kept --network none bb ${loop} >/dev/null
coracle generate systemd --name kept >$units/kept.service 2>/dev/null
systemctl --user daemon-reload; systemctl --user start kept; systemctl --user is-active kept
[ "$(property kept MainPID)" = "$(coracle inspect kept --format '{{.State.ConmonPid}}')" ] && echo monitor
main=$(property kept MainPID); kill -9 $main; restarted kept $main; coracle ps --format '{{.Names}} {{.State}}'
systemctl --user stop kept; property kept ActiveState; coracle ps -a --format '{{.Names}} {{.State}}'; coracle rm kept >/dev/null

section new
coracle create --name anew --network none bb ${loop} >/dev/null
coracle generate systemd --new --name anew >$units/anew.service 2>/dev/null; coracle rm anew >/dev/null
systemctl --user daemon-reload; systemctl --user start anew; systemctl --user is-active anew
[ "$(property anew MainPID)" = "$(coracle inspect anew --format '{{.State.ConmonPid}}')" ] && echo monitor
coracle inspect anew --format '{{index .Config.Labels "PODMAN_SYSTEMD_UNIT"}}'
main=$(property anew MainPID); kill -9 $(coracle inspect anew --format '{{.State.Pid}}'); restarted anew $main; coracle ps --format '{{.Names}} {{.State}}'
systemctl --user stop anew; property anew ActiveState; coracle ps -aq

section socket
printf '[Socket]\\nListenStream=127.0.0.1:7777\\n[Install]\\nWantedBy=sockets.target\\n' >$units/echo.socket
coracle create --name echo --network none -v /host:/host:ro bb ${perl} -e '${server}' >/dev/null
coracle generate systemd --new --name --container-prefix '' --restart-policy always echo >$units/echo.service 2>/dev/null; coracle rm echo >/dev/null
${noLimit}
systemctl --user daemon-reload; systemctl --user enable -q --now echo.socket; property echo ActiveState
ask; property echo ActiveState
main=$(property echo MainPID); kill -9 $(coracle inspect echo --format '{{.State.Pid}}'); ask; restarted echo $main; ask
main=$(property echo MainPID); kill -9 $main; ask; restarted echo $main; ask; property echo NRestarts

section before
for policy in ${policies.join(" ")}; do
  for state in running stopped; do coracle run -d --network none --restart $policy --name $policy-$state bb ${loop} >/dev/null; done
  coracle stop $policy-stopped >/dev/null
done
systemctl --user daemon-reload; systemctl --user enable -q --now coracle-restart
coracle stop always-stopped >/dev/null
coracle ps --format '{{.Names}}' | sort
# The end of a user's systemd.
systemctl --user stop coracle-restart echo.service 2>/dev/null; systemctl --user stop 'libpod*'
i=0; while coracle ps -q | grep -q . && [ $i -lt 50 ]; do sleep 0.2; i=$((i+1)); done
`;

const afterBoot = `
${common}
until_state coracle-restart active
section matrix; coracle ps --format '{{.Names}}' | sort
section socket; property echo.socket ActiveState; ask; property echo ActiveState
systemctl --user stop echo.socket echo
section left; coracle rm -fa -t 0 >/dev/null; coracle ps -aq; sleep 0.5; pgrep -u alice -l coracle
`;

beforeAll(async () => {
  const archive = join(machines.directory, "bb.oci.tar");
  copyFileSync(busyboxArchive(), archive);
  const disk = join(machines.directory, "disk");
  const first = await machines.run(script(inGuest(archive)), { session: "user", disk });
  parts = sections(first.output);
  if (first.exitCode === 125) throw new Error(first.output);
  const second = await machines.run(afterBoot, { session: "user", disk });
  later = sections(second.output);
  if (second.exitCode === 125) throw new Error(second.output);
}, 450_000);
afterAll(() => machines.remove());

describe("generated units", () => {
  test("start, restart and stop a container that is kept", () => {
    expect(part("kept")).toBe("active\nmonitor\nkept running\ninactive\nkept exited");
  });

  test("make a new one at each start", () => {
    expect(part("new")).toBe("active\nmonitor\nanew.service\nanew running\ninactive");
  });
});

test("a socket starts a container, which survives kill -9 of it and of its monitor, and a reboot", () => {
  const hello = "1 hello";
  expect(part("socket")).toBe(`inactive\n${hello}\nactive\n${hello}\n${hello}\n${hello}\n${hello}\n2`);
  expect(later.socket).toBe(`active\n${hello}\nactive`);
});

test("after a boot those run that Podman's documentation says", () => {
  expect(part("before").split("\n")).toEqual(
    ["always-running", "echo", "on-failure-running", "unless-stopped-running"].sort(),
  );
  expect(later.matrix?.split("\n")).toEqual(["always-running", "always-stopped", "unless-stopped-running"]);
});

test("nothing is left", () => {
  expect(later.left).toBe("");
});
