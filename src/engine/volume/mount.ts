import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { volumeMount } from "../../oci/volume-options.ts";
import { getVolume, volumeDataPath } from "../../storage/volumes.ts";

/** Where the contents of a volume are: an ordinary one is a directory, and nothing has to be mounted. */
export function mountVolume(ctx: Context, name: string): string {
  const volume = getVolume(ctx, name);
  if (volume.image !== undefined || volumeMount(volume.options) !== null) {
    throw new EngineError(
      "not-supported",
      `volume ${volume.name} is a file system of its own: mounting it is not supported yet`,
      {
        hint: "use it in a container",
      },
    );
  }
  return volumeDataPath(ctx, volume.name);
}

/** Returns the volume's full name. */
export function unmountVolume(ctx: Context, name: string): string {
  return getVolume(ctx, name).name;
}
