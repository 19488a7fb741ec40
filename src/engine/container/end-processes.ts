import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { removeCgroup } from "../../host/cgroup.ts";
import type { Context } from "../../host/context.ts";
import { readJson } from "../../host/files.ts";
import { isAlive } from "../../host/process.ts";
import { nativePath, runProgram } from "../../host/spawn.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { cgroupName, runtimeRoot } from "../../runtime/places.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";

/**
 * Kills what is left of a container whose monitor is gone: helpers and init by identity, everything else by its cgroup.
 * Without a readable record it is taken for one of our own runtime.
 */
export function endProcesses(ctx: Context, id: string, record: ContainerRecord | undefined): void {
  const { last } = readStatus(ctx, id);
  for (const process of [...(last?.helpers ?? []), last?.init])
    if (isAlive(process)) tryKill(process?.pid as number);
  const root = runtimeRoot(ctx, record ?? { runtime: null });
  if (fs.existsSync(path.join(root, id))) {
    runProgram(record?.runtime ?? nativePath(ctx, "coracle-runtime"), [
      "--root",
      root,
      "delete",
      "--force",
      id,
    ]);
    fs.rmSync(path.join(root, id), { recursive: true, force: true });
  }
  const cgroup = cgroupOf(ctx, id);
  if (cgroup) removeCgroup(cgroup);
}

/** Everything in it will be killed, so a file that was tampered with must not name another one. */
function cgroupOf(ctx: Context, id: string): string | undefined {
  try {
    const spec = readJson<RuntimeSpec>(path.join(containerDirectory(ctx, id), "config.json"));
    const cgroup = spec?.linux?.cgroupsPath;
    return cgroup && path.basename(cgroup) === cgroupName(id) ? cgroup : undefined;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
  }
}
