import type { UserNamespaceMode } from "./container.ts";
import { type IdKind, merged, type Parent, parseAutoMapping } from "./id-map-flag.ts";
import { type Range, rangeSize, subtract, zip } from "./id-ranges.ts";
import { parseUint32 } from "./id-text.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import { parseGroup, parsePasswd } from "./passwd.ts";
import type { IdMapping } from "./runtime-spec.ts";

type AutoMode = Extract<UserNamespaceMode, { kind: "auto" }>;

/** Ids that a namespace made by --userns=auto has at least, and at most unless a size is given. */
export interface AutoSizes {
  min?: number | undefined;
  max?: number | undefined;
}

const MIN_SIZE = 1024;
const MAX_SIZE = 65536;

const NOBODY = 65534;

/** `size=N,uidmapping=C:H:N,gidmapping=C:H:N`, the mappings repeatable. */
export function parseAutoOptions(options: string): AutoMode {
  const mode: AutoMode = { kind: "auto", size: 0, uidMapping: [], gidMapping: [] };
  for (const option of options.split(",").filter(Boolean)) {
    const [key, value] = keyAndValue(option);
    if (value === undefined) throw invalid(`invalid option specified: ${JSON.stringify(option)}`);
    if (key === "size") mode.size = parseUint32(value);
    else if (key === "uidmapping") mode.uidMapping.push(value);
    else if (key === "gidmapping") mode.gidMapping.push(value);
    else throw invalid(`unknown option specified: ${JSON.stringify(key)}`);
  }
  return mode;
}

/** How many ids a namespace needs for the users and groups that an image knows, and for `user` (`--user`). */
export function sizeForImage(
  passwd: string,
  group: string,
  user = "",
  { min = MIN_SIZE, max = MAX_SIZE }: AutoSizes = {},
): number {
  const isNobody = (name: string) => name === "nobody" || name === "nogroup";
  const ids = [
    ...parsePasswd(passwd).flatMap(({ name, uid, gid }) => (isNobody(name) ? [] : [uid, gid])),
    ...parseGroup(group).flatMap(({ name, gid }) => (isNobody(name) ? [] : [gid])),
    ...user.split(":").flatMap((id) => (/^\d+$/.test(id) ? [Number(id)] : [])),
  ].filter((id) => id !== NOBODY);
  const size = Math.max(min, ...ids.map((id) => id + 1));
  if (size > max) {
    throw invalid(
      `the container needs a user namespace with size ${size} that is bigger than the maximum value allowed with userns=auto ${max}`,
      "give the size with --userns=auto:size=N",
    );
  }
  return size;
}

/** The ids that are free, one neighbour to the next, for a namespace of `size` ids beside those mapped by hand. */
export function autoMapping(
  { values, size, used }: { values: readonly string[]; size: number; used: readonly IdMapping[] },
  kind: IdKind,
  parent: Parent,
): IdMapping[] {
  const given = values.flatMap((value) => parseAutoMapping(value, kind, parent));
  const wanted = subtract(
    [{ start: 0, end: size }],
    given.map((m) => ({ start: m.containerID, end: m.containerID + m.size })),
  );
  const available = parent.mapping
    .map((m): Range => ({ start: m.containerID, end: m.containerID + m.size }))
    // The caller itself is no id to hand out.
    .flatMap((range) => (parent.rootless ? subtract([range], [{ start: 0, end: 1 }]) : [range]));
  const free = subtract(
    available,
    [...used, ...given].map((m) => ({ start: m.hostID, end: m.hostID + m.size })),
  );
  if (rangeSize(free) < rangeSize(wanted)) {
    throw invalid(
      `creating container storage: not enough unused IDs in user namespace: ${rangeSize(wanted)} ${kind}s are needed, and ${rangeSize(free)} are free`,
      "remove containers made with --userns=auto, ask for a smaller size, or grant more ids in /etc/subuid and /etc/subgid",
    );
  }
  return merged([...zip(wanted, free), ...given]);
}
