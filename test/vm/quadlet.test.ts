/** Quadlet files as services of a user: notify, restart, stop. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { busyboxArchive } from "../support/images.ts";
import { inGuest, Machines, sections } from "./machine.ts";

const machines = new Machines();
let parts: Record<string, string>;
const part = (name: string) => parts[name] ?? "not reached";
const installer = inGuest(join(import.meta.dirname, "../../bin/install.sh"));

/** Only root can tell systemd of a generator: the script calls it, for the directory that comes first. */
const script = (archive: string) => `
sh ${installer} ~/.local
PATH=~/.local/bin:$PATH
coracle load -q -i ${archive} >/dev/null
units=~/.config/containers/systemd; mkdir -p $units
cat >$units/web.container <<'END'
[Container]
Image=localhost/bb
Network=none
Volume=data.volume:/d
Exec=sh -c 'echo hello; echo oh >&2; trap "exit 0" TERM; while :; do sleep 0.2; done'
ReloadCmd=touch /d/reloaded
[Service]
Restart=always
RestartSec=0
[Install]
WantedBy=default.target
END
echo '[Volume]' >$units/data.volume
printf '[Container]\\nImage=localhost/bb\\nNetwork=none\\nExec=sh -c "exit 7"\\n' >$units/fails.container
printf '[Container]\\nImage=localhost/bb\\nColour=red\\n' >$units/bad.container
echo '[Volume]' >$units/each@.volume
cat >$units/many@.container <<'END'
[Container]
Image=localhost/bb
Network=none
LogDriver=passthrough
Volume=each@.volume:/d
Exec=sh -c 'echo passed %i; exec sleep 1000'
StopTimeout=0
END
reload() {
  ~/.local/lib/systemd/user-generators/coracle-user-generator -no-kmsg-log $XDG_RUNTIME_DIR/systemd/user
  systemctl --user daemon-reload
}
property() { systemctl --user show $1 -p $2 --value; }
restarted() { i=0; while [ "$(property web MainPID)" = $1 ] || [ "$(property web ActiveState)" != active ]; do sleep 0.2; i=$((i+1)); [ $i -lt 300 ] || break; done; }

section generated; reload; ls $XDG_RUNTIME_DIR/systemd/user
section bad; systemctl --user status bad | head -2; systemctl --user start bad; echo $?
section start; systemctl --user start web; systemctl --user is-active web data-volume; coracle ps --format '{{.Names}} {{.State}}'
section main; [ "$(property web MainPID)" = "$(coracle inspect systemd-web --format '{{.State.ConmonPid}}')" ] && echo monitor
section cgroup; coracle inspect systemd-web --format '{{.State.CgroupPath}}'
section reload; systemctl --user reload web; coracle exec systemd-web ls /d
section output; journalctl --user -u web -o cat --no-pager | grep -c hello; journalctl --user -u web -p 3 -o cat --no-pager; coracle logs systemd-web 2>/dev/null
section template; systemctl --user start many@one; i=0; while ! coracle logs systemd-many_one | grep . && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; coracle volume ls -q --filter name=each
section rm-instance; coracle quadlet rm many@.container; echo $?; systemctl --user stop many@one
section container-killed; main=$(property web MainPID); kill -9 $(coracle inspect systemd-web --format '{{.State.Pid}}'); restarted $main; coracle ps --format '{{.Names}} {{.State}}'
section monitor-killed; main=$(property web MainPID); kill -9 $main; restarted $main; coracle ps --format '{{.Names}} {{.State}}'; property web NRestarts
section list; coracle quadlet list --format '{{.Name}} {{.UnitName}} {{.Status}}'; coracle quadlet list -f name=web -f 'name=*' --format '{{.Path}}'
section beside; cd; for i in x y z; do echo '[Volume]' >$i.volume; done; coracle quadlet install x.volume y.volume z.volume >/dev/null; coracle quadlet rm y.volume; coracle quadlet rm x.volume; cat $units/.x*
section rm-running; coracle quadlet rm web.container; echo $?
section stop; systemctl --user stop web; property web Result; coracle ps -a; ls $XDG_RUNTIME_DIR/*.cid
section fails; systemctl --user start fails; i=0; while [ "$(property fails ActiveState)" != failed ] && [ $i -lt 100 ]; do sleep 0.2; i=$((i+1)); done; property fails ExecMainStatus
section rm; coracle quadlet rm --all --force; ls -A $units
section left; coracle ps -aq; sleep 0.5; pgrep -u alice -l coracle
`;

beforeAll(async () => {
  const archive = join(machines.directory, "bb.oci.tar");
  copyFileSync(busyboxArchive(), archive);
  const { exitCode, output } = await machines.run(script(inGuest(archive)), { session: "user" });
  parts = sections(output);
  if (exitCode === 125) throw new Error(output);
});
afterAll(() => machines.remove());

test("services are made of the files", () => {
  expect(part("generated")).toContain("unsupported key 'Colour' in group 'Container' in");
  expect(part("generated")).toMatch(
    /bad\.service\ndata-volume\.service\ndefault\.target\.wants\n.*\nweb\.service$/s,
  );
});

test("systemctl tells what is wrong with a file, and in which line", () => {
  expect(part("bad")).toMatch(/^○ bad\.service - .*\/bad\.container:3\n +Loaded: bad-setting/);
  expect(part("bad")).toMatch(/\n1$/);
});

test("a service starts what it needs, and is there when its container runs", () => {
  expect(part("start")).toBe("active\nactive\nsystemd-web running");
  expect(part("main")).toBe("monitor");
  expect(part("cgroup")).toMatch(/\/web\.service\/libpod-payload-[0-9a-f]{64}$/);
});

test("it can be reloaded, and its output is in the journal", () => {
  expect(part("reload")).toBe("reloaded");
  expect(part("output")).toBe("1\noh\nhello");
});

test("instances of templates have volumes of their own, and logs though the streams are the service's", () => {
  expect(part("template")).toBe("passed one\nsystemd-each-one");
  expect(part("rm-instance")).toMatch(/many@\.container is running .* many@one\.service.*\n125$/);
});

test("it survives the end of its container and of the monitor", () => {
  expect(part("container-killed")).toBe("systemd-web running");
  expect(part("monitor-killed")).toBe("systemd-web running\n2");
});

test("quadlet list and rm ask systemd what runs", () => {
  expect(part("list")).toMatch(
    /^bad\.container bad\.service Not loaded\ndata\.volume data-volume\.service active\/exited\neach@\.volume each-volume@\.service loaded template\nfails\.container fails\.service inactive\/dead\nmany@\.container many@\.service loaded template\nweb\.container web\.service active\/running\n\/home\/alice\/.*\/web\.container$/,
  );
  expect(part("rm-running")).toMatch(
    /^Error: quadlet web\.container is running and force is not set.*\n125$/,
  );
  expect(part("rm")).toBe(
    "bad.container\ndata.volume\neach@.volume\nfails.container\nmany@.container\nweb.container",
  );
});

test("what others were installed beside takes them along, not they it", () => {
  expect(part("beside")).toMatch(/^y\.volume\nx\.volume\nz\.volume\ncat: .*No such file or directory$/);
});

test("it stops in order, and leaves nothing", () => {
  expect(part("stop")).toMatch(/^success\nCONTAINER ID.*\nls: cannot access .*$/);
  expect(part("left")).toBe("");
});

test("its exit status is its container's", () => {
  expect(part("fails")).toBe("7");
});
