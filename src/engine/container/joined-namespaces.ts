import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { NamespaceType } from "../../oci/runtime-spec.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";

/** Namespace files of the containers whose namespaces are joined, which must run; with IPC goes their /dev/shm. */
export function joinedNamespaces(
  ctx: Context,
  record: ContainerRecord,
): { namespaces: Partial<Record<NamespaceType, string>>; shm?: string } {
  const { config } = record;
  const modes: [NamespaceType, string, { kind: string; id?: string }][] = [
    ["network", "net", config.network],
    ["pid", "pid", config.pid],
    ["ipc", "ipc", config.ipc],
    ["uts", "uts", config.uts],
    ["cgroup", "cgroup", config.cgroupns],
    ["user", "user", config.userns],
  ];
  const namespaces: Partial<Record<NamespaceType, string>> = {};
  let shm: string | undefined;
  for (const [type, file, mode] of modes) {
    if (mode.kind !== "container") continue;
    const pid = runningPid(ctx, mode.id as string, type);
    namespaces[type] = `/proc/${pid}/ns/${file}`;
    if (type === "ipc") shm = `/proc/${pid}/root/dev/shm`;
  }
  return shm === undefined ? { namespaces } : { namespaces, shm };
}

function runningPid(ctx: Context, nameOrId: string, namespace: NamespaceType): number {
  const other = findRecord(ctx, nameOrId);
  const status = readStatus(ctx, other.id);
  if ((status.state === "running" || status.state === "paused") && status.last?.init)
    return status.last.init.pid;
  throw new EngineError(
    "dependency-not-running",
    `cannot join the ${namespace} namespace of container ${other.name}: it is not running: container state improper`,
    { hint: `\`coracle start ${other.name}\` starts it` },
  );
}
