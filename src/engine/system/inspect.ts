import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { inspectArtifact } from "../artifact/inspect.ts";
import { containerExists } from "../container/exists.ts";
import { inspectContainer } from "../container/inspect.ts";
import { latestContainer } from "../container/select.ts";
import { inspectImage } from "../image/inspect.ts";
import { inspectNetwork } from "../network/inspect.ts";
import { inspectVolume } from "../volume/inspect.ts";

export interface InspectOptions {
  /** `all`, or one kind. */
  type: string;
  /** Measure containers, which takes a look at all their files. */
  size: boolean;
}

type Inspect = (ctx: Context, name: string, options: InspectOptions) => object;

const kinds: Record<string, Inspect> = {
  all: inspectAny,
  artifact: (ctx, name) => prefixed(() => inspectArtifact(ctx, name)),
  container: inspectOneContainer,
  image: (ctx, name) => prefixed(() => inspectImage(ctx, name)),
  network: inspectNetwork,
  // There are none.
  pod: (_, name) => {
    throw new EngineError("no-such-pod", `inspecting object: no such pod ${name}`);
  },
  volume: inspectVolume,
};

/** Where one kind has no object of that name, the next may. */
const unknown = new Set([
  "image-not-known",
  "bad-reference",
  "no-such-volume",
  "no-such-network",
  "artifact-not-known",
]);

/** What nothing can be asked for by: nothing else is shown then either. */
const fatal = new Set(["empty-name", "ambiguous-container", "ambiguous-network"]);

/** What the names stand for, tried in Podman's order: container, image, volume, network, artifact. Without names: the latest container. */
export function inspectObjects(
  ctx: Context,
  names: string[] | undefined,
  options: InspectOptions,
): { objects: object[]; errors: EngineError[] } {
  const inspect = Object.hasOwn(kinds, options.type) ? kinds[options.type] : undefined;
  if (!inspect) {
    throw new EngineError(
      "usage",
      `invalid type "${options.type}": must be "image", "container", "pod", "network", "volume", "artifact", or "all"`,
    );
  }
  const objects: object[] = [];
  const errors: EngineError[] = [];
  for (const name of names ?? [undefined]) {
    try {
      objects.push(
        inspect(ctx, name ?? latestContainer(ctx, "inspecting object: no containers to inspect: "), options),
      );
    } catch (error) {
      if (!(error instanceof EngineError) || fatal.has(error.code)) throw error;
      errors.push(error);
    }
  }
  return { objects, errors };
}

/** `inspect` has words of its own for a container that isn't there. */
function inspectOneContainer(ctx: Context, name: string, options: InspectOptions): object {
  try {
    return inspectContainer(ctx, name, options);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== "no-such-container") throw error;
    const { code, hint } = error;
    throw new EngineError(code, `inspecting object: no such container ${name}`, { hint, cause: error });
  }
}

function prefixed(inspect: () => object): object {
  try {
    return inspect();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw rephrase(error, { prefix: "inspecting object: ", exitCode: error.exitCode });
  }
}

function inspectAny(ctx: Context, name: string, options: InspectOptions): object {
  if (containerExists(ctx, name)) return inspectContainer(ctx, name, options);
  for (const inspect of [inspectImage, inspectVolume, inspectNetwork, inspectArtifact]) {
    try {
      return inspect(ctx, name);
    } catch (error) {
      if (!(error instanceof EngineError) || !unknown.has(error.code)) throw error;
    }
  }
  throw new EngineError("no-such-object", `inspecting object: no such object: "${name}"`, {
    hint: "`coracle ps -a`, `coracle images` and `coracle volume ls` list what there is",
  });
}
