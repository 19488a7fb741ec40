import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { containerExists } from "../container/exists.ts";
import { inspectContainer } from "../container/inspect.ts";
import { inspectImage } from "../image/inspect.ts";
import { inspectVolume } from "../volume/inspect.ts";

const kinds: Record<string, (ctx: Context, name: string) => object> = {
  container: inspectContainer,
  image: inspectImage,
  volume: inspectVolume,
};

/** What the names stand for, tried in Podman's order: container, image, volume. */
export function inspectObjects(
  ctx: Context,
  names: string[],
  type: string,
): { objects: object[]; errors: EngineError[] } {
  if (type !== "all" && !kinds[type]) {
    throw new EngineError("usage", `invalid type "${type}": must be one of all, container, image, volume`);
  }
  const objects: object[] = [];
  const errors: EngineError[] = [];
  for (const name of names) {
    try {
      objects.push(
        type === "all"
          ? inspectAny(ctx, name)
          : (kinds[type] as (ctx: Context, name: string) => object)(ctx, name),
      );
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      errors.push(error);
    }
  }
  return { objects, errors };
}

function inspectAny(ctx: Context, name: string): object {
  if (containerExists(ctx, name)) return inspectContainer(ctx, name);
  for (const inspect of [inspectImage, inspectVolume]) {
    try {
      return inspect(ctx, name);
    } catch (error) {
      if (!(error instanceof EngineError) || !["image-not-known", "no-such-volume"].includes(error.code))
        throw error;
    }
  }
  throw new EngineError("no-such-object", `inspecting object: no such object: "${name}"`, {
    hint: "`coracle ps -a`, `coracle images` and `coracle volume ls` list what there is",
  });
}
