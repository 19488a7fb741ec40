import type { Context } from "../../host/context.ts";
import { type VolumeRecord, volumeDataPath } from "../../storage/volumes.ts";

/** Runs `work` with the directory of a volume's contents. */
export async function withVolume<T>(
  ctx: Context,
  record: VolumeRecord,
  work: (directory: string) => Promise<T> | T,
): Promise<T> {
  return await work(volumeDataPath(ctx, record.name));
}
