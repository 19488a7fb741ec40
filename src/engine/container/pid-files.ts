import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { writeUserFile } from "../../host/files.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";

/** Where others look for the pids of a container's process and of its monitor, and systemd for its unit's main process. */
export function pidFiles(
  ctx: Context,
  { id, pidFile, conmonPidFile }: ContainerRecord,
): { container: string; monitor: string } {
  const directory = containerDirectory(ctx, id);
  return {
    container: pidFile || path.join(directory, "pidfile"),
    monitor: conmonPidFile || path.join(directory, "conmon.pid"),
  };
}

/** Fails where they can't be written. */
export function emptyPidFiles(ctx: Context, record: ContainerRecord): void {
  for (const file of Object.values(pidFiles(ctx, record))) writeUserFile(file, "");
}

export function writePidFiles(ctx: Context, record: ContainerRecord, pid: number): void {
  const { container, monitor } = pidFiles(ctx, record);
  const write = (file: string, text: string, isAsked: boolean) => {
    try {
      writeUserFile(file, text);
    } catch (error) {
      // It may have filled the disk by now, or have ended, and been removed by its monitor.
      if (isAsked && fs.existsSync(containerDirectory(ctx, record.id))) throw error;
    }
  };
  write(container, `${pid}`, record.pidFile !== "");
  write(monitor, `${readStatus(ctx, record.id).last?.monitor?.pid ?? ""}`, record.conmonPidFile !== "");
}
