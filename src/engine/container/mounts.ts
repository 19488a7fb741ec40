import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { Mount } from "../../oci/runtime-spec.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { overlayTarget } from "./overlays.ts";
import type { Owner } from "./owner.ts";

/** Volumes, binds and tmpfs of the request as the runtime spec has them. */
export function requestedMounts(ctx: Context, record: ContainerRecord, user: Owner): Mount[] {
  return record.config.mounts.map((mount, index): Mount => {
    if (mount.overlay) return bind(overlayTarget(ctx, record, index), mount.destination, mount.options);
    switch (mount.type) {
      case "volume":
        return bind(volumeDataPath(ctx, mount.source), mount.destination, mount.options);
      case "bind":
        return bind(mount.source, mount.destination, mount.options);
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
      case "image":
        throw new EngineError("internal", "an image is mounted as an overlay");
    }
  });
}

function bind(source: string, destination: string, options: string[]): Mount {
  const has = (pattern: RegExp) => options.some((option) => pattern.test(option));
  return {
    destination,
    type: "bind",
    source,
    options: [
      ...options,
      ...(has(/^r?bind$/) ? [] : ["rbind"]),
      ...(has(/^r?(private|shared|slave|unbindable)$/) ? [] : ["rprivate"]),
    ],
  };
}
