/** auto-update on a systemd: of local images and from a registry, with rollback. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { busyboxArchive } from "../support/images.ts";
import { inGuest, Machines, sections } from "./machine.ts";

const machines = new Machines();
let parts: Record<string, string>;
const part = (name: string) => parts[name] ?? "not reached";
const installer = inGuest(join(import.meta.dirname, "../../bin/install.sh"));

const script = (archive: string) => `
sh ${installer} ~/.local
PATH=~/.local/bin:$PATH
coracle load -q -i ${archive} >/dev/null

section update
q=~/.config/containers/systemd; mkdir -p $q
version() { coracle create --name v bb true >/dev/null; coracle commit -q --change "CMD $1" v $2 >/dev/null; coracle rm v >/dev/null; }
version '["sh","-c","echo first; sleep 1000"]' localhost/app
printf '[Container]\\nImage=localhost/app\\nNetwork=none\\nAutoUpdate=local\\n' >$q/app.container
~/.local/lib/systemd/user-generators/coracle-user-generator -no-kmsg-log $XDG_RUNTIME_DIR/systemd/user; systemctl --user daemon-reload
update() { coracle auto-update --format '{{.Unit}} {{.ContainerName}} {{.Image}} {{.Policy}} {{.Updated}}' "$@"; }
systemctl --user start app; update
version '["sh","-c","echo second; sleep 1000"]' localhost/app
update --dry-run; update; coracle inspect systemd-app --format '{{index .Config.Cmd 2}}'; update
version '["/nonexistent"]' localhost/app
update; coracle inspect systemd-app --format '{{index .Config.Cmd 2}}'
version '["/nonexistent"]' localhost/app
update --rollback=false 2>&1 | grep -c Error; systemctl --user stop app

section registry
printf 'version: 0.1\\nstorage: {filesystem: {rootdirectory: %s}}\\nhttp: {addr: "127.0.0.1:5000"}\\n' ~/registry >~/registry.yml
/host/usr/bin/docker-registry serve ~/registry.yml >/dev/null 2>&1 & registry=$!
i=0; until (: </dev/tcp/127.0.0.1/5000) 2>/dev/null || [ $i -ge 50 ]; do sleep 0.2; i=$((i+1)); done
published() { version "$1" 127.0.0.1:5000/app:1; coracle push -q --tls-verify=false 127.0.0.1:5000/app:1; }
published '["sh","-c","echo one; sleep 1000"]'
printf '[Container]\\nImage=127.0.0.1:5000/app:1\\nNetwork=none\\nAutoUpdate=registry\\n' >$q/app.container
~/.local/lib/systemd/user-generators/coracle-user-generator -no-kmsg-log $XDG_RUNTIME_DIR/systemd/user; systemctl --user daemon-reload
systemctl --user start app; old=$(coracle image inspect --format '{{.Id}}' 127.0.0.1:5000/app:1)
published '["sh","-c","echo two; sleep 1000"]'; coracle tag $old 127.0.0.1:5000/app:1
update --tls-verify=false --dry-run; update --tls-verify=false; coracle inspect systemd-app --format '{{index .Config.Cmd 2}}'; update --tls-verify=false
systemctl --user stop app; rm $q/app.container; kill $registry

section left; coracle rm -fa -t 0 >/dev/null; coracle ps -aq; sleep 0.5; pgrep -u alice -l coracle
`;

beforeAll(async () => {
  const archive = join(machines.directory, "bb.oci.tar");
  copyFileSync(busyboxArchive(), archive);
  const { exitCode, output } = await machines.run(script(inGuest(archive)), { session: "user" });
  parts = sections(output);
  if (exitCode === 125) throw new Error(output);
});
afterAll(() => machines.remove());

test("it restarts with a newer local image, and with the old one where that doesn't start", () => {
  const report = (updated: string) => `app.service systemd-app localhost/app local ${updated}`;
  expect(part("update").split("\n")).toEqual([
    report("false"),
    report("pending"),
    report("true"),
    "echo second; sleep 1000",
    report("false"),
    report("rolled back"),
    "echo second; sleep 1000",
    "1",
  ]);
});

test("it asks the registry", () => {
  const report = (updated: string) => `app.service systemd-app 127.0.0.1:5000/app:1 registry ${updated}`;
  expect(part("registry").split("\n")).toEqual([
    report("pending"),
    report("true"),
    "echo two; sleep 1000",
    report("false"),
  ]);
});

test("nothing is left", () => {
  expect(part("left")).toBe("");
});
