/** The machine is cut off in the middle of commands that change the store; after the next boot what is named is whole. */
import { randomBytes } from "node:crypto";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ociArchive, type TarEntry } from "../../bin/oci-archive.ts";
import { busyboxArchive, busyboxConfig, busyboxEntries } from "../support/images.ts";
import { inGuest, Machines, sections } from "./machine.ts";

const machines = new Machines();
afterAll(() => machines.remove());

const IMAGES = 6;
const ROUNDS = 4;

/** Images of random content that know the sums of it. */
function makeImages(): void {
  copyFileSync(busyboxArchive(), join(machines.directory, "bb.oci.tar"));
  for (let image = 0; image < IMAGES; image++) {
    const entries: TarEntry[] = [{ path: "data/", type: "directory" }];
    for (let file = 0; file < 40; file++) entries.push({ path: `data/${file}`, data: randomBytes(20_000) });
    const archive = ociArchive({
      reference: `localhost/random${image}:latest`,
      layers: [busyboxEntries(), entries],
      config: busyboxConfig,
      gzip: true,
    });
    writeFileSync(join(machines.directory, `random${image}.oci.tar`), archive);
  }
}

const busy = (directory: string) => `
coracle load -q -i ${directory}/bb.oci.tar
for i in 0 1 2 3 4 5; do
  coracle load -q -i ${directory}/random$i.oci.tar && echo "loaded random$i"
  coracle run --name c$i random$i sh -c 'cat /data/* | md5sum >/sum; sync' && echo "ran c$i"
  coracle commit -q c$i made$i && echo "committed made$i"
  coracle volume create v$i && echo "volume v$i"
  coracle run --rm -v v$i:/v bb touch /v/x
  [ $i != 3 ] || { coracle rmi -f random1 && echo "removed random1"; }
done
echo all done; sleep 100
`;

const look = `
section first; coracle ps -a >/dev/null; echo $?
section check; coracle system check; echo $?
section images; coracle images --format '{{.Repository}}'
section volumes; coracle volume ls -q
section broken
for i in $(coracle images --format '{{.Repository}}' | grep random); do
  coracle run --rm $i sh -c 'ls /data | wc -l; cat /data/* | wc -c' | tr '\\n' ' ' | grep -qx '40 800000 ' || echo "$i"
  coracle save -q $i >/dev/null || echo "save of $i"
done
for i in $(coracle images --format '{{.Repository}}' | grep made); do
  coracle run --rm $i sh -c 'cat /data/* | md5sum | cmp - /sum' || echo "$i"
done
section works; coracle run --name after bb echo yes; coracle rm after; coracle rm -fa >/dev/null; coracle ps -aq
section left; ls ~/.local/share/coracle/staging
`;

test.each(Array.from({ length: ROUNDS }, (_, round) => round))("cut %i", async (round) => {
  if (round === 0) makeImages();
  const disk = join(machines.directory, "disk");
  let planned = false;
  const { output } = await machines.run(busy(inGuest(machines.directory)), {
    disk,
    watch: (text, cut) => {
      if (planned || !text.includes("loaded random0")) return;
      planned = true;
      setTimeout(cut, 500 + Math.random() * 12_000);
    },
  });
  const after = await machines.run(look, { disk });
  rmSync(disk);
  const parts = sections(after.output);
  expect(parts.first, after.output).toBe("0");
  expect(parts.check).toMatch(/(^|\n)0$/);
  expect(parts.broken, output).toBe("");
  expect(parts.works).toMatch(/^yes\n/);
  expect(parts.left).toBe("");
  const told = (what: string) =>
    [...output.matchAll(new RegExp(`^${what} (\\S+)$`, "gm"))].map(([, name]) => name);
  const removed = told("removed");
  for (const name of [...told("loaded"), ...told("committed")].filter((one) => !removed.includes(one))) {
    expect(parts.images?.split("\n"), `${name} was there before the cut`).toContain(`localhost/${name}`);
  }
  for (const name of removed) expect(parts.images?.split("\n")).not.toContain(`localhost/${name}`);
  for (const name of told("volume")) expect(parts.volumes?.split("\n")).toContain(name);
});
