import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { runNative } from "../../host/native.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { withRootfs } from "./rootfs.ts";

/** Fills the empty volumes of a container with what the image has in their place, as Podman does at the first use. */
export async function copyUpVolumes(ctx: Context, record: ContainerRecord): Promise<void> {
  const empty = record.config.mounts.filter(
    (mount) =>
      mount.type === "volume" &&
      !mount.noCopy &&
      mount.subpath === undefined &&
      listDirectory(volumeDataPath(ctx, mount.source)).length === 0,
  );
  if (empty.length === 0) return;
  await withRootfs(ctx, record, undefined, (root) => {
    for (const mount of empty) {
      // Contents with owner and mode of the directory itself; nothing where the image has no such directory.
      try {
        runNative(ctx, "coracle-layer", [
          "clone",
          "--from",
          root,
          "--from-path",
          mount.destination,
          "--to",
          volumeDataPath(ctx, mount.source),
        ]);
      } catch (error) {
        if (!(error instanceof EngineError && (error.code === "not-found" || error.code === "not-a-directory"))) throw error;
      }
    }
  });
}
