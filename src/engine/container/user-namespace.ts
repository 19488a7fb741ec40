import { EngineError } from "../../errors.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import { readIdMap } from "../../host/facts.ts";
import { withLock } from "../../host/lock.ts";
import { autoMapping, sizeForImage } from "../../oci/auto-userns.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { containerIdMappings } from "../../oci/generate-spec.ts";
import { fromHost, type IdKind, merged, type Parent, parseIdMapFlags } from "../../oci/id-map-flag.ts";
import { namedRanges } from "../../oci/id-mapping.ts";
import type { IdMapping } from "../../oci/runtime-spec.ts";
import { type ContainerRecord, listRecords, stagedRecords, stageRecord } from "../../runtime/records.ts";
import { readLayerFile } from "../../storage/layer-files.ts";
import { readHost } from "./container-files.ts";
import { hostFacts } from "./host-facts.ts";

type Mappings = NonNullable<ContainerConfig["idMappings"]>;

/** Who owns the ids that real root hands out with --userns=auto. */
const AUTO_USER = "containers";

/** Refuses a user namespace that can't be had; what it maps is settled by `mapUserNamespace`. */
export function checkUserNamespace(ctx: Context, { userns }: ContainerConfig): void {
  if (userns.kind === "keep-id" && isRealRoot(ctx)) {
    throw new EngineError("bad-userns", "keep-id is only supported in rootless mode", {
      hint: "run coracle as the user whose ids the container is to have",
    });
  }
  if (userns.kind === "private") flaggedMappings(ctx, userns);
}

/** Settles the mappings of --uidmap and --userns=auto, in the record of a container that is being made in `staged`. */
export async function mapUserNamespace(ctx: Context, record: ContainerRecord, staged: string): Promise<void> {
  const { userns } = record.config;
  if (userns.kind !== "auto") {
    const mappings =
      userns.kind === "private"
        ? flaggedMappings(ctx, userns)
        : containerIdMappings(record.config, hostFacts(ctx));
    if (mappings) record.config.idMappings = mappings;
    return;
  }
  const size =
    userns.size ||
    sizeForImage(
      layerText(ctx, record, "passwd"),
      layerText(ctx, record, "group"),
      record.config.user,
      ctx.config.storage?.autoUserns,
    );
  // Whoever is next sees in our staging what we have taken.
  await withLock(ctx, "storage", () => {
    const others = [...stagedRecords(ctx), ...listRecords(ctx)].flatMap(({ id, config }) =>
      id !== record.id && config.idMappings && isOwn(config) ? [config.idMappings] : [],
    );
    const free = (kind: IdKind, values: string[], used: IdMapping[]) =>
      autoMapping({ values, size, used }, kind, parent(ctx, kind, true));
    record.config.idMappings = {
      uid: free(
        "UID",
        userns.uidMapping,
        others.flatMap(({ uid }) => uid),
      ),
      gid: free(
        "GID",
        userns.gidMapping,
        others.flatMap(({ gid }) => gid),
      ),
    };
    stageRecord(record, staged);
  });
}

/** Whether the ids are the container's own, as those of the caller with keep-id can't be. */
function isOwn({ userns }: ContainerConfig): boolean {
  return userns.kind === "auto" || userns.kind === "private";
}

function flaggedMappings(
  ctx: Context,
  flags: Extract<ContainerConfig["userns"], { kind: "private" }>,
): Mappings {
  const parents = { uid: parent(ctx, "UID"), gid: parent(ctx, "GID") };
  const map = parseIdMapFlags({ uid: flags.uidMap, gid: flags.gidMap }, parents);
  if (flags.subUidName || flags.subGidName) {
    map.uid.push(...named(flags.subUidName || flags.subGidName, "UID", parents.uid));
    map.gid.push(...named(flags.subGidName || flags.subUidName, "GID", parents.gid));
  }
  if (map.uid.length === 0 || map.gid.length === 0) {
    throw new EngineError("bad-userns", "a private user namespace without mappings has no ids", {
      hint: "give some with --uidmap and --gidmap, or use --userns=auto",
    });
  }
  return map;
}

function named(name: string, kind: IdKind, of: Parent): IdMapping[] {
  const file = kind === "UID" ? "/etc/subuid" : "/etc/subgid";
  const ranges = namedRanges(readHost(file), name);
  if (ranges.length === 0) {
    throw new EngineError(
      "no-subordinate-ids",
      `no ${kind === "UID" ? "subuid" : "subgid"} ranges found for user "${name}" in ${file}`,
      { hint: "name a user who has some there" },
    );
  }
  return merged(ranges.flatMap((range) => fromHost(range, kind, of)));
}

/** The ids that a container's can be mapped to; for `auto` those that may be handed out. */
function parent(ctx: Context, kind: IdKind, auto = false): Parent {
  const rootless = !isRealRoot(ctx);
  const file = kind === "UID" ? "uid" : "gid";
  if (rootless || !auto) return { mapping: readIdMap(`${file}_map`), rootless };
  const ranges = namedRanges(readHost(`/etc/sub${file}`), AUTO_USER);
  return {
    mapping: ranges.map(({ hostID, size }) => ({ containerID: hostID, hostID, size })),
    rootless,
  };
}

function layerText(ctx: Context, { layers }: ContainerRecord, name: string): string {
  return readLayerFile(ctx, layers, `etc/${name}`) ?? "";
}
