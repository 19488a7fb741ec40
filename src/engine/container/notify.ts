import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import type { MonitorConfig } from "../../runtime/monitor.ts";
import { runDirectory } from "../../runtime/places.ts";
import type { ContainerRecord } from "../../runtime/records.ts";

/** Where the container finds its socket, as with conmon. */
const DIRECTORY = "/run/notify";
const SOCKET = "notify.sock";

/** For the monitor: which service manager waits for the container that is being started, and who tells it. */
export function notifyConfig({ config }: ContainerRecord): NonNullable<MonitorConfig["notify"]> | null {
  const socket = process.env["NOTIFY_SOCKET"] ?? "";
  const { sdnotify: mode = "container" } = config;
  return mode === "ignore" || !/^[/@]./.test(socket) ? null : { socket, mode };
}

/** A container that tells for itself gets a socket of the monitor's: what it says is passed on. */
export function addNotifySocket(ctx: Context, record: ContainerRecord, spec: RuntimeSpec): void {
  if (notifyConfig(record)?.mode !== "container") return;
  const source = path.join(runDirectory(ctx, record.id), "notify");
  const options = ["bind", "rprivate", "nosuid", "nodev", "noexec"];
  spec.mounts = [...(spec.mounts ?? []), { destination: DIRECTORY, type: "bind", source, options }];
  spec.process.env.push(`NOTIFY_SOCKET=${DIRECTORY}/${SOCKET}`);
}
