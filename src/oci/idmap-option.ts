import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import type { IdMapping } from "./runtime-spec.ts";

/**
 * The mount option `idmap=uids=FILE-HOST-COUNT#…;gids=…`: ids in the files mounted and those that they stand for, on the
 * host or, with `@` before the triple, in the container. Without a value the mapping is the container's own.
 */
export interface IdmapMappings {
  uid: IdMapping[];
  gid: IdMapping[];
}

/** `container`: the container's own mapping, from its ids to the host's; null where it has none. */
export function parseIdmap(text: string, container: IdmapMappings | null): IdmapMappings {
  const result: IdmapMappings = { uid: [], gid: [] };
  for (const part of text.split(";").filter(Boolean)) {
    const [name, value = ""] = keyAndValue(part);
    if (name !== "uids" && name !== "gids") throw invalid(`unknown option specified: "${name}"`);
    const kind = name === "uids" ? "uid" : "gid";
    result[kind].push(...value.split("#").map((triple) => parseTriple(triple, container?.[kind] ?? null)));
  }
  return {
    uid: result.uid.length > 0 ? result.uid : (container?.uid ?? []),
    gid: result.gid.length > 0 ? result.gid : (container?.gid ?? []),
  };
}

/** The option as given, before there is a container. */
export function checkIdmap(option: string): void {
  parseIdmap(option.replace(/^idmap=?/, ""), null);
}

function parseTriple(text: string, container: readonly IdMapping[] | null): IdMapping {
  const [, relative, file, to, count] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  if (file === undefined) throw invalid(`invalid idmap option "${text}": it is not FILE-HOST-COUNT`);
  const id = Number(to);
  const mapping = { containerID: Number(file), hostID: id, size: Number(count) };
  if (!relative || !container) return mapping;
  const piece = container.find((m) => id >= m.containerID && id < m.containerID + m.size);
  if (!piece)
    throw invalid(`the container ID ${id} of idmap option "${text}" is not mapped in its user namespace`);
  return { ...mapping, hostID: piece.hostID + id - piece.containerID };
}
