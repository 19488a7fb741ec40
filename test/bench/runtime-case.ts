/** The bare runtime beside crun: one program in a bundle, without an engine; crun stands in the column of Podman, which it is for. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bench, Case, Engine } from "./bench.ts";

/** As crun writes it for an ordinary user: both make a user namespace with all of the user's subordinate ids. */
function makeBundle(bundle: string): void {
  for (const directory of ["bin", "proc", "dev", "sys"])
    mkdirSync(join(bundle, "rootfs", directory), { recursive: true });
  cpSync("/bin/busybox", join(bundle, "rootfs/bin/busybox"));
  symlinkSync("busybox", join(bundle, "rootfs/bin/true"));
  const made = spawnSync("crun", ["spec", "--rootless"], { cwd: bundle, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`crun spec: ${made.stderr}`);
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
  config.process.args = ["/bin/true"];
  config.process.terminal = false;
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
}

export function runtimeCase({ home, program }: Bench): Case {
  const bundle = join(home, "bundle");
  let made = false;
  const runtimes: Record<Engine, string> = {
    coracle: join(dirname(program("coracle")), "../lib/coracle/bin/coracle-runtime"),
    podman: "crun",
  };
  return {
    name: "run of a bundle; crun",
    target: 0.8,
    rounds: 31,
    before: () => {
      if (!made) makeBundle(bundle);
      made = true;
    },
    measure: (engine) => {
      const args = ["--root", join(home, `state-${engine}`), "run", "--bundle", bundle, "true"];
      const start = process.hrtime.bigint();
      const { status, stderr } = spawnSync(runtimes[engine], args, { stdio: ["ignore", "ignore", "pipe"] });
      if (status !== 0) throw new Error(`${runtimes[engine]}: ${stderr}`);
      return Number(process.hrtime.bigint() - start) / 1e6;
    },
  };
}
