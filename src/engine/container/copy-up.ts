import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { listDirectory } from "../../host/files.ts";
import { runNative } from "../../host/native.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { volumeContents } from "../volume/file-system.ts";
import { isFileSystem } from "./overlays.ts";
import type { Owner } from "./owner.ts";
import { withRootfs } from "./rootfs.ts";

/**
 * Fills the empty volumes of a container with what the image has in their place, as Podman does at the first use. Where
 * the image has nothing there, a new volume becomes the container's user's.
 */
export async function copyUpVolumes(ctx: Context, record: ContainerRecord, owner: Owner): Promise<void> {
  const empty = record.config.mounts.filter(
    (mount) =>
      mount.type === "volume" &&
      !mount.noCopy &&
      !isFileSystem(ctx, mount) &&
      listDirectory(volumeContents(ctx, mount.source)).length === 0,
  );
  if (empty.length === 0) return;
  await withRootfs(ctx, record, undefined, (root) => {
    for (const mount of empty) {
      const target = volumeContents(ctx, mount.source);
      // Contents with owner and mode of the directory itself; nothing where the image has no such directory.
      try {
        runNative(ctx, "coracle-layer", [
          "clone",
          "--from",
          root,
          "--from-path",
          mount.destination,
          "--to",
          target,
        ]);
      } catch (error) {
        if (
          !(error instanceof EngineError && (error.code === "not-found" || error.code === "not-a-directory"))
        )
          throw error;
        if (fs.statSync(target).uid === 0) fs.chownSync(target, owner.uid, owner.gid);
      }
    }
  });
}

/**
 * The `U` option: what is mounted, and all in it, becomes the container's user's. As Podman has it, once it was started
 * what lies in a directory that is the user's is left alone.
 */
export function chownSources(ctx: Context, record: ContainerRecord, owner: Owner, wasStarted: boolean): void {
  for (const mount of record.config.mounts) {
    if (!mount.chown || mount.type === "tmpfs" || isFileSystem(ctx, mount)) continue;
    const source = mount.type === "volume" ? volumeContents(ctx, mount.source) : mount.source;
    runNative(ctx, "coracle-layer", [
      "chown",
      "--dir",
      source,
      "--uid",
      `${owner.uid}`,
      "--gid",
      `${owner.gid}`,
      ...(wasStarted ? ["--unless-done"] : []),
    ]);
  }
}
