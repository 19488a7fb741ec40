import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { findId, listRecords } from "../../runtime/records.ts";

/** Ids of the containers whose namespaces a container joins, and of those that it requires. */
export function dependenciesOf(config: ContainerConfig): string[] {
  const modes = [config.network, config.pid, config.ipc, config.uts, config.cgroupns, config.userns];
  const joined = modes.flatMap((mode) => (mode.kind === "container" ? mode.id : []));
  return [...new Set([...joined, ...(config.requires ?? [])])];
}

/** Refuses to remove a container that others, which are to stay, depend on. */
export function refuseNeeded(ctx: Context, id: string, removed: ReadonlySet<string>): void {
  const dependents = listRecords(ctx)
    .filter(({ config }) => dependenciesOf(config).includes(id))
    .map((record) => record.id)
    .filter((dependent) => !removed.has(dependent));
  if (dependents.length === 0) return;
  throw new EngineError(
    "has-dependents",
    `container ${id} has dependent containers which must be removed before it: ${dependents.join(", ")}: container already exists`,
    { hint: "--depend removes them with it" },
  );
}

/** The containers, and all that depend on them, on those, and so on. */
export function withDependents(ctx: Context, names: readonly string[]): string[] {
  const records = listRecords(ctx);
  const found = new Set(names);
  const pending = names.flatMap((name) => findId(ctx, name) ?? []);
  const seen = new Set(pending);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    for (const dependent of records.filter(({ config }) => dependenciesOf(config).includes(id as string))) {
      if (seen.has(dependent.id)) continue;
      seen.add(dependent.id);
      found.add(dependent.id);
      pending.push(dependent.id);
    }
  }
  return [...found];
}
