/** The log driver journald with a real journal: written by the monitor, read by `logs` and by journalctl. */
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
journald="--network none --log-driver journald"

coracle run --name j $journald --log-opt tag='{{.Name}}-tag' bb sh -c 'echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; printf four' >/dev/null 2>&1
section logs; coracle logs j 2>/dev/null; echo; coracle logs j 2>&1 >/dev/null
section tail; coracle logs --tail 2 j; echo
section stamped; coracle logs -t --tail 1 j; echo
section since; coracle logs --since $(coracle logs -t j 2>/dev/null | head -1 | cut -d' ' -f1) j 2>&1 | head -1; coracle logs --until 2001-01-01 j
section fields; journalctl -q -o json CONTAINER_NAME=j | head -1 | tr -d '{}' | tr ',' '\\n' | grep -E '"(MESSAGE|PRIORITY|CONTAINER_|SYSLOG_)' | sort; coracle inspect j --format '{{.Id}}'
section partial; journalctl -q -o cat CONTAINER_NAME=j CONTAINER_PARTIAL_MESSAGE=true
section user; journalctl -q --user -o cat CONTAINER_NAME=j | head -1
section inspect; coracle inspect j --format '{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Path}}.'
coracle run --name bytes $journald bb sh -c 'head -c 100000 /dev/zero | tr "\\0" x; echo; printf "\\377\\0\\n\\n\\tend\\r\\n"' >/dev/null
section bytes; coracle logs bytes | sha256sum; (head -c 100000 /dev/zero | tr "\\0" x; echo; printf "\\377\\0\\n\\n\\tend\\r\\n") | sha256sum
section many; coracle run --name many $journald bb seq 1 3000 >/dev/null; coracle logs many >~/many; seq 1 3000 | diff - ~/many | head; wc -l <~/many
section follow; coracle run -d --name f $journald bb sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.3; done' >/dev/null; coracle logs -f f
section config; mkdir -p ~/.config/containers; echo 'containers.log_driver = "journald"' >~/.config/containers/containers.conf
coracle run --name c --network none bb echo configured >/dev/null; coracle inspect c --format '{{.HostConfig.LogConfig.Type}}'; coracle logs c
e="coracle --events-backend journald"
$e run -d --name e1 --label a=b --network none bb sleep 100 >/dev/null
$e exec e1 false; $e kill e1 >/dev/null; $e wait e1 >/dev/null; $e volume create ev1 >/dev/null
timeout 20 $e events --filter event=tag --format '{{.Status}} {{.Name}}' >~/followed & sleep 1.5; $e tag bb localhost/followed; sleep 1; kill %1
section events; $e events --stream=false --format '{{.Type}} {{.Status}} {{.Name}} {{.ContainerExitCode}} {{.Attributes}}' | grep -E ' (e1|ev1) '
section until; $e events --since 10m --until 0s --filter event=died --format '{{.Image}} {{.ID}}'; coracle inspect e1 --format '{{.Id}}'
section followed; cat ~/followed
section eventfields; journalctl -q -o json PODMAN_EVENT=died | head -1 | tr -d '{}' | tr ',' '\\n' | grep -E '"(PODMAN_(NAME|TYPE|IMAGE|EXIT_CODE)|SYSLOG_IDENTIFIER|PRIORITY)"' | sort
section file; coracle events --stream=false --filter container=e1
coracle rm -fa -t 0 >/dev/null
sleep 0.5 # the holder waits for somebody to come
section left; pgrep -u alice -l coracle; pgrep -u alice -l journalctl
`;

beforeAll(async () => {
  const archive = join(machines.directory, "bb.oci.tar");
  copyFileSync(busyboxArchive(), archive);
  const { exitCode, output } = await machines.run(script(inGuest(archive)));
  parts = sections(output);
  if (exitCode === 125) throw new Error(output);
});
afterAll(() => machines.remove());

test("logs reads back what was written, stream by stream", () => {
  expect(part("logs")).toBe("one\nthree\nfour\ntwo");
  expect(part("tail")).toBe("three\nfour");
  expect(part("stamped")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) four$/);
  expect(part("since")).toBe("two");
  expect(part("many")).toBe("3000");
});

test("bytes are kept, and long lines are put together", () => {
  const [read, written] = part("bytes").split("\n");
  expect(read).toBe(written);
});

test("the fields are Podman's, and journalctl --user shows them", () => {
  const id = part("fields").split("\n").at(-1) as string;
  expect(part("fields")).toBe(
    [
      `"CONTAINER_ID":"${id.slice(0, 12)}"`,
      `"CONTAINER_ID_FULL":"${id}"`,
      '"CONTAINER_NAME":"j"',
      '"CONTAINER_TAG":"j-tag"',
      '"MESSAGE":"one"',
      '"PRIORITY":"6"',
      '"SYSLOG_IDENTIFIER":"j-tag"',
      id,
    ].join("\n"),
  );
  expect(part("partial")).toBe("four");
  expect(part("user")).toBe("one");
  expect(part("inspect")).toBe("journald .");
});

test("logs --follow ends with the container, and misses nothing", () => {
  expect(part("follow")).toBe("1\n2\n3\n4\n5");
});

test("containers.conf can make it the default", () => {
  expect(part("config")).toBe("journald\nconfigured");
});

test("nothing is left running", () => {
  expect(part("left")).toBe("");
});

test("events go there and come back, the exec session's too, with Podman's fields", () => {
  expect(part("events").split("\n")).toEqual([
    "container create e1 <nil> map[a:b]",
    "container init e1 <nil> map[a:b]",
    "container start e1 <nil> map[a:b]",
    "container exec e1 <nil> map[a:b]",
    "container exec_died e1 1 map[a:b]",
    "container kill e1 <nil> map[a:b]",
    "container died e1 137 map[a:b]",
    "container cleanup e1 <nil> map[a:b]",
    "volume create ev1 <nil> map[]",
  ]);
  const [died, id] = part("until").split("\n");
  expect(died).toMatch(new RegExp(`bb:latest ${id}$`));
  expect(part("followed")).toBe("tag localhost/followed");
  expect(part("eventfields")).toMatch(
    /^"PODMAN_EXIT_CODE":"137"\n"PODMAN_IMAGE":".*bb:latest"\n"PODMAN_NAME":"e1"\n"PODMAN_TYPE":"container"\n"PRIORITY":"6"\n"SYSLOG_IDENTIFIER":"podman"$/,
  );
  expect(part("file")).toBe("");
});
