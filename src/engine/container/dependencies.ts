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
export function refuseNeeded(dependents: Dependents, id: string, removed: ReadonlySet<string>): void {
  const staying = (dependents.get(id) ?? []).filter((dependent) => !removed.has(dependent));
  if (staying.length === 0) return;
  throw new EngineError(
    "has-dependents",
    `container ${id} has dependent containers which must be removed before it: ${staying.join(", ")}: container already exists`,
    { hint: "--depend removes them with it" },
  );
}

/** The ids of those that depend on a container, by its id. */
export type Dependents = ReadonlyMap<string, readonly string[]>;

/** Reads every record: once for a command, however many containers it removes. */
export function readDependents(ctx: Context): Dependents {
  const dependents = new Map<string, string[]>();
  for (const { id, config } of listRecords(ctx)) {
    for (const needed of dependenciesOf(config)) {
      dependents.set(needed, [...(dependents.get(needed) ?? []), id]);
    }
  }
  return dependents;
}

/** The containers, and all that depend on them, on those, and so on. */
export function withDependents(ctx: Context, dependents: Dependents, names: readonly string[]): string[] {
  const found = new Set(names);
  const pending = names.flatMap((name) => findId(ctx, name) ?? []);
  const seen = new Set(pending);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    for (const dependent of dependents.get(id) ?? []) {
      if (seen.has(dependent)) continue;
      seen.add(dependent);
      found.add(dependent);
      pending.push(dependent);
    }
  }
  return [...found];
}
