import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { VolumeRecord } from "../../storage/volumes.ts";
import { volumeContents, volumeFileSystem } from "./file-system.ts";

/** Runs `work` with the directory of a volume's contents. */
export async function withVolume<T>(
  ctx: Context,
  record: VolumeRecord,
  work: (directory: string) => Promise<T> | T,
): Promise<T> {
  if (record.image !== undefined || volumeFileSystem(ctx, record.name) !== undefined) {
    throw new EngineError(
      "not-supported",
      `reading or writing volume ${record.name} from outside is not supported yet: it is a file system of its own`,
      { hint: "use it in a container" },
    );
  }
  return await work(volumeContents(ctx, record.name));
}
