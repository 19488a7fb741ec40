import { type FlagTable, tableFlags, tableKeys } from "./flags.ts";
import type { UnitFile } from "./unit-file.ts";

const flags: FlagTable = {
  strings: { UserNS: "--userns", SubUIDMap: "--subuidname", SubGIDMap: "--subgidname" },
  names: { UIDMap: "--uidmap", GIDMap: "--gidmap" },
};

/** Podman's older keys, which it still takes. */
const remapKeys = ["RemapUsers", "RemapUid", "RemapGid", "RemapUidSize"];

export const userNamespaceKeys = [...tableKeys(flags), ...remapKeys];

export function userNamespaceFlags(unit: UnitFile, group: string): string[] {
  const words = tableFlags(unit, group, flags);
  const old = remapKeys.find((key) => unit.has(group, key));
  if (words.length === 0) return remapFlags(unit, group);
  if (old) throw unit.error("deprecated Remap keys are set along with explicit mapping keys", group, old);
  return words;
}

function remapFlags(unit: UnitFile, group: string): string[] {
  const uids = unit.names(group, "RemapUid");
  const gids = unit.names(group, "RemapGid");
  const how = unit.get(group, "RemapUsers");
  const mode = (name: string, options: string[]) => [
    "--userns",
    options.length > 0 ? `${name}:${options.join(",")}` : name,
  ];
  switch (how) {
    case undefined:
      if (uids.length > 0) throw unit.error("UidMap set without RemapUsers", group, "RemapUid");
      if (gids.length > 0) throw unit.error("GidMap set without RemapUsers", group, "RemapGid");
      return [];
    case "manual":
      return [...uids.flatMap((map) => ["--uidmap", map]), ...gids.flatMap((map) => ["--gidmap", map])];
    case "auto": {
      const size = Number(unit.get(group, "RemapUidSize") ?? 0);
      return mode("auto", [
        ...uids.map((map) => `uidmapping=${map}`),
        ...gids.map((map) => `gidmapping=${map}`),
        ...(size > 0 ? [`size=${size}`] : []),
      ]);
    }
    case "keep-id":
      for (const [key, maps, what] of [
        ["RemapUid", uids, "UID"],
        ["RemapGid", gids, "GID"],
      ] as const) {
        if (maps.length < 2) continue;
        throw unit.error(`RemapUsers=keep-id supports only a single value for ${what} mapping`, group, key);
      }
      return mode("keep-id", [...uids.map((id) => `uid=${id}`), ...gids.map((id) => `gid=${id}`)]);
    default:
      throw unit.error(`unsupported RemapUsers option '${how}'`, group, "RemapUsers");
  }
}
