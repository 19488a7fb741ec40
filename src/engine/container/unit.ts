import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { nativePath } from "../../host/spawn.ts";
import { SYSTEMD_UNIT } from "../../oci/auto-update.ts";
import { JOURNAL_SOCKET } from "../../runtime/journal.ts";
import { findId, findRecord } from "../../runtime/records.ts";
import { pidFiles } from "./pid-files.ts";

/** What a service of a container is made of. */
export interface UnitContainer {
  id: string;
  name: string;
  createCommand: string[];
  env: Record<string, string>;
  stopTimeout: number;
  restartPolicy: string;
  /** Where its monitor's pid is written when a service starts it. */
  pidFile: string;
  executable: string;
  runRoot: string;
}

export function unitContainer(ctx: Context, nameOrId: string): UnitContainer {
  if (findId(ctx, nameOrId) === undefined) {
    throw new EngineError(
      "no-such-container",
      `${nameOrId} does not refer to a container or pod: no pod with name or ID ${nameOrId} found: no such pod: no container with name or ID "${nameOrId}" found: no such container`,
      { hint: "`coracle ps -a` lists all containers" },
    );
  }
  const record = findRecord(ctx, nameOrId);
  const { config } = record;
  return {
    id: record.id,
    name: record.name,
    createCommand: record.createCommand,
    env: config.env,
    stopTimeout: config.stopTimeout,
    restartPolicy: config.restart.name,
    pidFile: pidFiles(ctx, record).monitor,
    executable: nativePath(ctx, "coracle"),
    runRoot: ctx.runRoot,
  };
}

/** Whether the command runs in such a service: its main process, the monitor, has to stay in it. */
export function inGeneratedService(): boolean {
  return process.env[SYSTEMD_UNIT] !== undefined;
}

/** The output of such a service is the journal's: a file would be gone with the container when the service restarts. */
export function serviceDefaults(): { log_driver?: "journald" } {
  return inGeneratedService() && fs.existsSync(JOURNAL_SOCKET) ? { log_driver: "journald" } : {};
}
