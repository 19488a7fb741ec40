import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listVolumes as storedVolumes, type VolumeRecord } from "../../storage/volumes.ts";
import { describeVolume } from "./inspect.ts";
import { volumeUsers } from "./users.ts";

type Predicate = (volume: VolumeRecord) => boolean;

/** Volumes as `volume inspect` has them; filters `KEY=VALUE`: values of one key are alternatives. */
export function listVolumes(ctx: Context, filters: readonly string[] = []): Record<string, unknown>[] {
  const groups = new Map<string, Predicate[]>();
  for (const filter of filters) {
    const equals = filter.indexOf("=");
    if (equals < 0)
      throw new EngineError("bad-filter", `invalid filter "${filter}"`, { hint: "use KEY=VALUE" });
    const key = filter.slice(0, equals);
    groups.set(key, [...(groups.get(key) ?? []), parseFilter(ctx, key, filter.slice(equals + 1))]);
  }
  return storedVolumes(ctx)
    .filter((volume) => [...groups.values()].every((some) => some.some((holds) => holds(volume))))
    .map((volume) => describeVolume(ctx, volume));
}

function parseFilter(ctx: Context, key: string, value: string): Predicate {
  switch (key) {
    case "name":
      return ({ name }) => matches(name, value);
    case "driver":
      return () => value === "local";
    case "scope":
      return () => value === "local";
    case "label": {
      const [label, wanted] = splitLabel(value);
      return ({ labels }) =>
        Object.hasOwn(labels, label) && (wanted === undefined || labels[label] === wanted);
    }
    case "dangling": {
      if (!/^(true|false|1|0)$/i.test(value)) {
        throw new EngineError("bad-filter", `filter dangling needs true or false, not "${value}"`);
      }
      const wanted = /^(true|1)$/i.test(value);
      return ({ name }) => (volumeUsers(ctx, name).length === 0) === wanted;
    }
    default:
      throw new EngineError("bad-filter", `"${key}" is an invalid volume filter`, {
        hint: "use name, driver, scope, label or dangling",
      });
  }
}

/** Podman takes a regular expression. */
function matches(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    throw new EngineError("bad-filter", `filter name: "${pattern}" is no regular expression`);
  }
}

function splitLabel(text: string): [string, string | undefined] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
}
