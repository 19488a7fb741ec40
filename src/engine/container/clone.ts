import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { ContainerConfig, ResourceLimits } from "../../oci/container.ts";
import { type ContainerRecord, findRecord, idOfName } from "../../runtime/records.ts";
import { findImage } from "../../storage/images.ts";
import type { PullOptions } from "../image/pull-options.ts";
import { type CreateRequest, createContainer } from "./create.ts";
import { removeContainer } from "./rm.ts";
import { startDetached } from "./start.ts";

export interface CloneRequest {
  /** Undefined for one that tells where it comes from. */
  name?: string | undefined;
  /** Another image than the original's. */
  image?: string | undefined;
  /** Limits that are to be others. */
  resources: Partial<ResourceLimits>;
  pull: PullOptions;
  run: boolean;
  /** Removes the original, with `force` also where it runs. */
  destroy: boolean;
  force: boolean;
}

/** Makes a container like another one, from its image: what that has written stays its own. Returns its id. */
export async function cloneContainer(ctx: Context, nameOrId: string, request: CloneRequest): Promise<string> {
  const original = findRecord(ctx, nameOrId);
  const clone = await createContainer(ctx, createRequest(ctx, original, request));
  if (request.destroy) {
    try {
      await removeContainer(ctx, original.id, { force: request.force });
    } catch (error) {
      await removeContainer(ctx, clone.id, { force: true });
      // Those of `rm` are its own.
      throw rephrase(error, { exitCode: 125 });
    }
  }
  if (request.run) await startDetached(ctx, clone);
  return clone.id;
}

function createRequest(ctx: Context, original: ContainerRecord, request: CloneRequest): CreateRequest {
  const { config } = original;
  return {
    image: request.image ?? sameImage(ctx, config),
    pull: request.pull,
    name: request.name ?? cloneName(original.name, (name) => idOfName(ctx, name) !== undefined),
    replace: false,
    config: {
      ...config,
      // Their mounts are among its own.
      volumesFrom: [],
      resources: { ...config.resources, ...request.resources },
      // Where it was made up it is made up again.
      hostname: config.hostname === original.id.slice(0, 12) ? "" : config.hostname,
    },
    // All that the image had to say is in there already.
    entrypoint: config.entrypoint,
    publishAll: false,
    systemd: config.systemd ? "always" : "false",
    defaultEnv: {},
    unsetEnv: [],
    unsetEnvAll: true,
    mergeEnv: [],
    envHost: false,
    httpProxy: false,
    imageVolume: "ignore",
    seccompPolicy: "default",
    runtime: original.runtimeName ?? original.runtime ?? undefined,
    createCommand: original.createCommand,
    startPending: request.run,
    pidFile: "",
    conmonPidFile: "",
    cidFile: "",
  };
}

/** By its name, unless that means another one by now; null with --rootfs. */
function sameImage(ctx: Context, { image }: ContainerConfig): string | null {
  if (image === null) return null;
  return findImage(ctx, image.name)?.id === image.id ? image.name : image.id;
}

/** `NAME-clone`, then `NAME-clone1`, `NAME-clone2` … */
export function cloneName(name: string, isTaken: (name: string) => boolean): string {
  const [, stem, number] = /^(.*?-clone)(\d*)/.exec(name) ?? [];
  if (stem === undefined && !isTaken(`${name}-clone`)) return `${name}-clone`;
  for (let count = Number(number || 0) + 1; ; count++) {
    const next = `${stem ?? `${name}-clone`}${count}`;
    if (!isTaken(next)) return next;
  }
}
