import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withLock } from "../../host/lock.ts";
import { recordContainerEvent } from "../../runtime/event-log.ts";
import { awaitStart, findId, findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { readDependents, refuseNeeded, withDependents } from "./dependencies.ts";
import { removeIfAsked } from "./foreground.ts";
import { sweep } from "./heal.ts";
import { type RemoveOptions, removeContainer } from "./rm.ts";
import { forEach } from "./select.ts";
import { initContainer, startDetached } from "./start.ts";
import { type StopOptions, stopContainer } from "./stop.ts";

/** Operations on many containers at once. Each result belongs to the name in the same place. */

export function stopContainers(ctx: Context, names: string[], options: StopOptions & { ignore?: boolean }) {
  return forEach(names, async (name) => {
    const record = findRecord(ctx, name);
    await stopContainer(ctx, record, options);
    return name;
  });
}

/** With `depend` the containers that depend on them as well. */
export async function removeContainers(
  ctx: Context,
  names: string[],
  options: RemoveOptions & { depend: boolean },
) {
  await sweep(ctx);
  const dependents = readDependents(ctx);
  const all = options.depend ? withDependents(ctx, dependents, names) : names;
  const ids = new Set(all.flatMap((name) => findId(ctx, name) ?? []));
  return await forEach(all, async (name) => {
    const id = findId(ctx, name);
    if (id !== undefined) refuseNeeded(dependents, id, ids);
    return (await removeContainer(ctx, name, options)) === undefined ? undefined : name;
  });
}

export function restartContainers(ctx: Context, names: string[], options: StopOptions) {
  return forEach(names, async (name) => {
    const record = findRecord(ctx, name);
    if (record.config.autoRemove)
      await withLock(ctx, `container/${record.id}`, () => awaitStart(ctx, record.id));
    recordContainerEvent(ctx, record, "restart");
    await stopContainer(ctx, record, options);
    await startDetached(ctx, record);
    return name;
  });
}

export async function initContainers(ctx: Context, names: string[]) {
  await sweep(ctx);
  return await forEach(names, async (name) => {
    await initContainer(ctx, findRecord(ctx, name));
    return name;
  });
}

/** One that runs already has no result: Podman says nothing of it. */
export async function startContainers(ctx: Context, names: string[]) {
  await sweep(ctx);
  return await forEach(names, async (name) => {
    const record = findRecord(ctx, name);
    const runs = readStatus(ctx, record.id).state === "running";
    await startDetached(ctx, record).catch(async (error: unknown) => {
      await removeIfAsked(ctx, record);
      throw rephrase(error, { prefix: `unable to start container "${record.id}": `, exitCode: 125 });
    });
    return runs ? undefined : name;
  });
}
