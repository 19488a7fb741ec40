import { type Range, subtract, zip } from "./id-ranges.ts";
import { parseUint32 } from "./id-text.ts";
import { invalid } from "./invalid.ts";
import type { IdMapping } from "./runtime-spec.ts";

/**
 * Values of --uidmap and --gidmap, as Podman 5 has them: `[+ug]CONTAINER:[@]FROM[:AMOUNT]`, several triples in one value
 * also. FROM is an id of the namespace that containers of the caller share, with `@` one of the host.
 */

/** What the ids are for; it decides which of `u` and `g` count, and names them in errors. */
export type IdKind = "UID" | "GID";

export interface Parent {
  /** The shared namespace's own mapping: containerID is an id there, hostID one of the host. */
  mapping: readonly IdMapping[];
  /** `+` before all others means: the rest of the ids fill the gaps. */
  rootless: boolean;
}

interface Triple {
  extend: boolean;
  kinds: readonly IdKind[];
  mapping: IdMapping[];
}

/** Both maps of a user namespace. Where only one of the flags is given, it stands for both. */
export function parseIdMapFlags(
  flags: { uid: readonly string[]; gid: readonly string[] },
  parents: { uid: Parent; gid: Parent },
): { uid: IdMapping[]; gid: IdMapping[] } {
  const uid = flags.uid.length > 0 ? flags.uid : flags.gid;
  const gid = flags.gid.length > 0 ? flags.gid : flags.uid;
  return { uid: parseIdMap(uid, "UID", parents.uid), gid: parseIdMap(gid, "GID", parents.gid) };
}

export function parseIdMap(values: readonly string[], kind: IdKind, parent: Parent): IdMapping[] {
  let map: IdMapping[] = [];
  let fill = false;
  for (const triple of values.flatMap((value) => parseTriples(value, values, kind, parent))) {
    if (!triple.kinds.includes(kind)) continue;
    for (const mapping of triple.mapping.filter(({ size }) => size > 0)) {
      if (triple.extend && map.length === 0 && parent.rootless) fill = true;
      map = [...(triple.extend ? without(map, mapping) : map), mapping];
    }
  }
  return merged(fill ? filled(map, parent.mapping) : map);
}

/** `CONTAINER:FROM:AMOUNT` of `--userns=auto:uidmapping=…`. */
export function parseAutoMapping(value: string, kind: IdKind, parent: Parent): IdMapping[] {
  return parseTriples(value, [value], kind, parent).flatMap(({ mapping }) => mapping);
}

function parseTriples(value: string, all: readonly string[], kind: IdKind, parent: Parent): Triple[] {
  if (value === "") return [];
  const parts = value.split(":");
  if (parts.length === 2) parts.push("1");
  if (parts.length % 3 !== 0 || parts.some((part, i) => i % 3 === 0 && part === "")) {
    const list = all.map((text) => JSON.stringify(text)).join(" ");
    throw invalid(
      `initializing ID mappings: ${kind} setting is malformed expected ["[+ug]uint32:[@]uint32[:uint32]"] : [${list}]`,
    );
  }
  const triples: Triple[] = [];
  for (let i = 0; i < parts.length; i += 3) triples.push(parseTriple(parts.slice(i, i + 3), kind, parent));
  return triples;
}

function parseTriple([to = "", from = "", amount = ""]: string[], kind: IdKind, parent: Parent): Triple {
  const [, flags = "", digits = ""] = /^([+ug]*)(.*)$/s.exec(to) ?? [];
  const containerID = parseId(digits, to);
  const ofHost = from.startsWith("@");
  const hostID = parseId(ofHost ? from.slice(1) : from, from);
  const size = parseId(amount, amount);
  const named: IdKind[] = [
    ...(flags.includes("u") ? ["UID" as const] : []),
    ...(flags.includes("g") ? ["GID" as const] : []),
  ];
  const kinds = named.length > 0 ? named : (["UID", "GID"] as const);
  const mapping = { containerID, hostID, size };
  return {
    extend: flags.includes("+"),
    kinds,
    mapping: ofHost && kinds.includes(kind) ? fromHost(mapping, kind, parent) : [mapping],
  };
}

function parseId(digits: string, text: string): number {
  return parseUint32(digits, `parsing id map value ${JSON.stringify(text)}: `);
}

/** Ids of the host as those of the shared namespace, in which they need not be neighbours. */
export function fromHost(wanted: IdMapping, kind: IdKind, { mapping }: Pick<Parent, "mapping">): IdMapping[] {
  const found: IdMapping[] = [];
  for (let done = 0; done < wanted.size; ) {
    const id = wanted.hostID + done;
    const piece = mapping.find((m) => id >= m.hostID && id < m.hostID + m.size);
    if (!piece) throw invalid(`parent ID ${kind} ${id} is not mapped/delegated`);
    const offset = id - piece.hostID;
    const size = Math.min(piece.size - offset, wanted.size - done);
    found.push({ containerID: wanted.containerID + done, hostID: piece.containerID + offset, size });
    done += size;
  }
  return found;
}

/** `map` without the ids, of either side, that another mapping takes. */
function without(map: readonly IdMapping[], taken: IdMapping): IdMapping[] {
  return map.flatMap((piece) => {
    const relative = (start: number): Range => ({ start, end: start + taken.size });
    const kept = subtract(
      [{ start: 0, end: piece.size }],
      [relative(taken.containerID - piece.containerID), relative(taken.hostID - piece.hostID)],
    );
    return kept.map(({ start, end }) => ({
      containerID: piece.containerID + start,
      hostID: piece.hostID + start,
      size: end - start,
    }));
  });
}

/** `map` with the ids that it doesn't use in its gaps, from 0 on, and behind it. */
function filled(map: readonly IdMapping[], parent: readonly IdMapping[]): IdMapping[] {
  const all = parent.map((m) => ({ start: m.containerID, end: m.containerID + m.size }));
  const free = subtract(
    all,
    map.map((m) => ({ start: m.hostID, end: m.hostID + m.size })),
  );
  const gaps = subtract(
    [{ start: 0, end: 2 ** 32 - 1 }],
    map.map((m) => ({ start: m.containerID, end: m.containerID + m.size })),
  );
  return [...map, ...zip(gaps, free)];
}

/** Sorted by the container's ids, neighbours as one. */
export function merged(map: readonly IdMapping[]): IdMapping[] {
  const result: IdMapping[] = [];
  for (const piece of [...map].sort((a, b) => a.containerID - b.containerID)) {
    const last = result.at(-1);
    const follows =
      last && last.containerID + last.size === piece.containerID && last.hostID + last.size === piece.hostID;
    if (follows) last.size += piece.size;
    else result.push({ ...piece });
  }
  return result;
}
