import type { Context } from "../../host/context.ts";
import { badFilter, filterValues, untilTime } from "../../oci/filters.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { matchesLabels } from "../../oci/label-filter.ts";
import { matcher } from "../../oci/pattern.ts";
import { getVolume, type VolumeRecord } from "../../storage/volumes.ts";
import { volumeUsers } from "./users.ts";

/** `--filter` of `volume ls` and `volume prune`, by podman-volume-ls(1). Keys are all to hold. */

type Predicate = (volume: VolumeRecord) => boolean;

/** The predicate of one key with all the values given for it. */
const predicates: Record<string, (values: string[], ctx: Context) => Predicate> = {
  name: (values) => {
    const patterns = values.map(matcher);
    return ({ name }) => patterns.some((matches) => matches(name));
  },
  driver:
    (values) =>
    ({ image }) =>
      values.includes(image ? "image" : "local"),
  scope: (values) => () => values.includes("local"),
  label:
    (values) =>
    ({ labels }) =>
      matchesLabels(values, labels),
  "label!":
    (values) =>
    ({ labels }) =>
      !matchesLabels(values, labels),
  opt:
    (values) =>
    ({ options }) =>
      values.some((value) => hasOption(options, value)),
  dangling: (values, ctx) => {
    const wanted = new Set(values.map(dangling));
    return ({ name }) => wanted.has(volumeUsers(ctx, name).length === 0);
  },
  until: (values) => {
    const end = untilTime(values);
    return ({ createdAt }) => Date.parse(createdAt) < end;
  },
  since: after,
  after,
};

/** Filters as given, `KEY=VALUE`. */
export function filterVolumes(
  ctx: Context,
  all: readonly VolumeRecord[],
  filters: readonly string[],
): VolumeRecord[] {
  const wanted = [...filterValues(filters)].map(([key, values]) => {
    const make = Object.hasOwn(predicates, key) ? predicates[key] : undefined;
    if (make) return make(values, ctx);
    throw badFilter(
      `${JSON.stringify(key)} is an invalid volume filter`,
      `filters are ${Object.keys(predicates).join(", ")}`,
    );
  });
  return all.filter((volume) => wanted.every((holds) => holds(volume)));
}

function hasOption(options: Record<string, string>, wanted: string): boolean {
  const [key, value = ""] = keyAndValue(wanted);
  return Object.hasOwn(options, key) && (value === "" || options[key] === value);
}

function dangling(value: string): boolean {
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw badFilter(
    `${JSON.stringify(value)} is not a valid value for the "dangling" filter - must be true or false`,
  );
}

/** Of several volumes, the oldest counts. */
function after(values: string[], ctx: Context): Predicate {
  const oldest = values.map((name) => getVolume(ctx, name).createdAt).sort()[0] as string;
  return ({ createdAt }) => createdAt > oldest;
}
