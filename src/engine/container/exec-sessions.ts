import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import { listDirectory, readJson } from "../../host/files.ts";
import { isAlive } from "../../host/process.ts";
import { runDirectory } from "../../runtime/places.ts";
import type { MonitorStatus } from "../../runtime/status.ts";

export function sessionsDirectory(ctx: Context, id: string): string {
  return path.join(runDirectory(ctx, id), "exec");
}

/** Hidden where nobody is to find it. */
export function sessionDirectoryOf(ctx: Context, id: string, session: string, tracked: boolean): string {
  return path.join(sessionsDirectory(ctx, id), tracked ? session : `.${session}`);
}

/** Ids of the exec sessions of a container that are running. */
export function listSessions(ctx: Context, id: string): string[] {
  const directory = sessionsDirectory(ctx, id);
  return listDirectory(directory).filter((session) => {
    if (session.startsWith(".")) return false;
    const status = readJson<MonitorStatus>(path.join(directory, session, "status.json"));
    return status !== undefined && status.status !== "exited" && isAlive(status.monitor);
  });
}
