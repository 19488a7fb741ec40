import type { Context } from "../../host/context.ts";
import { listVolumes as storedVolumes } from "../../storage/volumes.ts";
import { filterVolumes } from "./filter.ts";
import { VolumeDescription } from "./inspect.ts";

/** Volumes as `volume inspect` has them. */
export function listVolumes(ctx: Context, filters: readonly string[] = []): VolumeDescription[] {
  return filterVolumes(ctx, storedVolumes(ctx), filters).map((volume) => new VolumeDescription(ctx, volume));
}
