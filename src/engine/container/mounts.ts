import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { MountRequest } from "../../oci/container.ts";
import { type IdmapMappings, parseIdmap } from "../../oci/idmap-option.ts";
import { invalid } from "../../oci/invalid.ts";
import type { Mount } from "../../oci/runtime-spec.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { volumeContents, volumeMountOptions } from "../volume/file-system.ts";
import { overlayTarget } from "./overlays.ts";
import type { Owner } from "./owner.ts";

/**
 * What the request mounts, as the runtime spec has it; `ids`: the container's own mapping, `artifacts`: what was found of
 * them (artifact-mounts.ts).
 */
export function requestedMounts(
  ctx: Context,
  record: ContainerRecord,
  user: Owner,
  ids: IdmapMappings | null,
  artifacts: Map<MountRequest, Mount[]>,
): Mount[] {
  return record.config.mounts.flatMap((mount, index): Mount | Mount[] => {
    const target = overlayTarget(ctx, record, index);
    if (target !== undefined) return bind(target, withVolumeOptions(ctx, mount), ids);
    switch (mount.type) {
      case "volume":
        return bind(volumeContents(ctx, mount.source), withVolumeOptions(ctx, mount), ids);
      case "bind":
        return bind(mount.source, mount, ids);
      case "tmpfs":
      case "ramfs":
        return {
          destination: mount.destination,
          type: mount.type,
          source: mount.source,
          options: [...mount.options, ...(mount.chown ? [`uid=${user.uid}`, `gid=${user.gid}`] : [])],
        };
      case "devpts":
        return { destination: mount.destination, type: "devpts", source: "devpts", options: mount.options };
      case "artifact":
        return artifacts.get(mount) ?? [];
      case "image":
        throw new EngineError("internal", "an image is mounted as an overlay");
    }
  });
}

/** What was asked for comes last, and so counts more. */
function withVolumeOptions(ctx: Context, mount: MountRequest): MountRequest {
  if (mount.type !== "volume") return mount;
  return { ...mount, options: [...volumeMountOptions(ctx, mount.source), ...mount.options] };
}

function bind(source: string, request: MountRequest, ids: IdmapMappings | null): Mount {
  const { destination, options } = request;
  const has = (pattern: RegExp) => options.some((option) => pattern.test(option));
  const mount: Mount = {
    destination,
    type: "bind",
    source,
    options: [
      ...options,
      ...(has(/^r?bind$/) ? [] : ["rbind"]),
      ...(has(/^r?(private|shared|slave|unbindable)$/) ? [] : ["rprivate"]),
    ],
  };
  return request.idmap === undefined ? mount : withIds(mount, parseIdmap(request.idmap, ids));
}

function withIds(mount: Mount, { uid, gid }: IdmapMappings): Mount {
  if (uid.length === 0 || gid.length === 0) {
    throw invalid(
      `the mount of ${mount.destination} with idmap has no ids to map`,
      "give the container ids of its own (--userns=auto, --uidmap), or a mapping: idmap=uids=0-1-1;gids=0-1-1",
    );
  }
  return { ...mount, options: [...(mount.options ?? []), "idmap"], uidMappings: uid, gidMappings: gid };
}
