import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { childProcess, nativePath } from "../../host/spawn.ts";
import { AUTHFILE_LABEL, SYSTEMD_UNIT, type UpdatePolicy, updatePolicy } from "../../oci/auto-update.ts";
import { type ContainerRecord, listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveImage } from "../../storage/image-lookup.ts";
import { systemctl } from "../quadlet/services.ts";
import { storeFlags } from "./monitor-config.ts";

export interface AutoUpdateOptions {
  dryRun: boolean;
  rollback: boolean;
  authfile?: string | undefined;
  tlsVerify?: boolean | undefined;
}

export interface AutoUpdateReport {
  Unit: string;
  Container: string;
  ContainerName: string;
  ContainerID: string;
  Image: string;
  Policy: UpdatePolicy;
  Updated: "true" | "false" | "pending" | "failed" | "rolled back";
}

interface Task {
  record: ContainerRecord;
  image: { reference: string; id: string };
  report: AutoUpdateReport;
}

/**
 * Runs outside of the user namespace, since systemd has to know us; what changes the store is done by commands of their own.
 * Containers of one unit are looked at together: it is restarted once.
 */
export async function autoUpdate(
  ctx: Context,
  options: AutoUpdateOptions,
): Promise<{ reports: AutoUpdateReport[]; errors: EngineError[] }> {
  const errors: EngineError[] = [];
  const units = new Map<string, Task[]>();
  const pulled = new Set<string>();
  const failed = (error: unknown, prefix: string) => {
    const told = rephrase(error, { prefix });
    if (!(told instanceof EngineError)) throw told;
    errors.push(told);
  };
  for (const record of listRecords(ctx)) {
    let prefix = "";
    try {
      const policy = policyOf(ctx, record);
      if (policy === undefined) continue;
      prefix = `auto-updating container "${record.id}": `;
      const task = taskOf(record, policy);
      units.set(task.report.Unit, [...(units.get(task.report.Unit) ?? []), task]);
    } catch (error) {
      failed(error, prefix);
    }
  }
  for (const [unit, tasks] of units) {
    const updated: Task[] = [];
    for (const task of tasks) {
      try {
        if (await update(ctx, task, options, pulled)) updated.push(task);
      } catch (error) {
        task.report.Updated = "failed";
        failed(error, `auto-updating container "${task.record.id}": `);
      }
    }
    if (updated.length > 0) restart(ctx, unit, updated, options, failed);
  }
  return { reports: [...units.values()].flat().map(({ report }) => report), errors };
}

/** Undefined where nothing is to be updated. */
function policyOf(ctx: Context, { id, config }: ContainerRecord): UpdatePolicy | undefined {
  return readStatus(ctx, id).state === "running" ? updatePolicy(config.labels) : undefined;
}

function taskOf(record: ContainerRecord, policy: UpdatePolicy): Task {
  const { labels, image } = record.config;
  const unit = labels[SYSTEMD_UNIT];
  if (unit === undefined) {
    throw new EngineError("no-unit", `no ${SYSTEMD_UNIT} label found`, {
      hint: "only containers that a systemd unit runs are updated, as Quadlet's",
    });
  }
  if (!image) throw new EngineError("no-image", "raw-image name is empty");
  const report: AutoUpdateReport = {
    Unit: unit,
    Container: `${record.id.slice(0, 12)} (${record.name})`,
    ContainerName: record.name,
    ContainerID: record.id,
    Image: image.reference,
    Policy: policy,
    Updated: "false",
  };
  return { record, image, report };
}

/** Whether there is a newer image, which is here then; with --dry-run it is only told. */
async function update(
  ctx: Context,
  task: Task,
  options: AutoUpdateOptions,
  pulled: Set<string>,
): Promise<boolean> {
  const { record, image, report } = task;
  const { reference } = image;
  const authfile = record.config.labels[AUTHFILE_LABEL] ?? options.authfile;
  const isLocal = report.Policy === "local";
  const newest =
    isLocal || pulled.has(reference)
      ? resolveImage(visibleImages(ctx), reference)?.id
      : await inRegistry(ctx, reference, { ...options, authfile });
  if (newest === undefined) {
    throw new EngineError(
      "image-not-known",
      `image check for "${reference}" failed: ${reference}: image not known`,
    );
  }
  if (newest === image.id) return false;
  if (options.dryRun) {
    report.Updated = "pending";
    return false;
  }
  if (!isLocal && !pulled.has(reference)) {
    const flags = [
      ...(authfile === undefined ? [] : [`--authfile=${authfile}`]),
      ...(options.tlsVerify === undefined ? [] : [`--tls-verify=${options.tlsVerify}`]),
    ];
    runCommand(ctx, ["pull", "--quiet", ...flags, reference], `image update for "${reference}" failed`);
    pulled.add(reference);
  }
  return true;
}

async function inRegistry(
  ctx: Context,
  name: string,
  { authfile, tlsVerify }: Pick<AutoUpdateOptions, "authfile" | "tlsVerify">,
): Promise<string> {
  const { remoteImageId } = await import("../image/fetch.ts");
  const { parseReference, completeReference } = await import("../../oci/reference.ts");
  const reference = completeReference(parseReference(name.replace(/^docker:\/\//, "")));
  return await remoteImageId(ctx, reference, { policy: "always", authfile, tlsVerify }).catch((error) => {
    throw rephrase(error, { prefix: `image check for "${name}" failed: ` });
  });
}

/** With the new images; where it doesn't start with them, once more with the old ones. */
function restart(
  ctx: Context,
  unit: string,
  tasks: readonly Task[],
  options: AutoUpdateOptions,
  failed: (error: unknown, prefix: string) => void,
): void {
  const outcome = (updated: AutoUpdateReport["Updated"]) => {
    for (const { report } of tasks) report.Updated = updated;
  };
  outcome("true");
  try {
    restartUnit(ctx, unit);
    return;
  } catch (error) {
    outcome("failed");
    if (!options.rollback) failed(error, "");
  }
  if (!options.rollback) return;
  try {
    for (const { image } of tasks)
      runCommand(ctx, ["tag", image.id, image.reference], "falling back to previous image");
    restartUnit(ctx, unit);
    outcome("rolled back");
  } catch (error) {
    failed(error, "restarting unit with old image during fallback: ");
  }
}

function restartUnit(ctx: Context, unit: string): void {
  systemctl(`restarting systemd unit "${unit}" failed`, ["restart", unit], ctx.namespace === "root");
}

function runCommand(ctx: Context, args: readonly string[], what: string): void {
  const all = [...storeFlags(ctx), ...args];
  const { status, stderr, error } = childProcess().spawnSync(nativePath(ctx, "coracle"), all, {
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status === 0) return;
  const reason =
    error?.message ??
    stderr
      .toString()
      .trim()
      .replace(/^Error: /, "");
  throw new EngineError("auto-update-failed", `${what}: ${reason}`);
}
