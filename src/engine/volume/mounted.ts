import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { createStaging } from "../../host/staging.ts";
import type { VolumeRecord } from "../../storage/volumes.ts";
import { volumeContents, volumeFileSystem, volumeHolder } from "./file-system.ts";

/**
 * Runs `work` with the directory of a volume's contents. A file system is mounted as long as a container uses it: its
 * monitor has it. A tmpfs that is mounted for this alone would be empty, and gone with what is written to it.
 */
export async function withVolume<T>(
  ctx: Context,
  record: VolumeRecord,
  work: (directory: string) => Promise<T> | T,
): Promise<T> {
  const fileSystem = volumeFileSystem(ctx, record.name);
  if (record.image === undefined && fileSystem === undefined)
    return await work(volumeContents(ctx, record.name));
  const holder = volumeHolder(ctx, record.name, "");
  if (holder) return await work(`/proc/${holder.pid}/root${holder.path}`);
  if (fileSystem?.type === "tmpfs") return await withEmptyDirectory(ctx, work);
  throw new EngineError(
    "not-supported",
    `reading or writing volume ${record.name} from outside is not supported yet: it is a file system of its own`,
    { hint: "use it in a container" },
  );
}

async function withEmptyDirectory<T>(ctx: Context, work: (directory: string) => Promise<T> | T): Promise<T> {
  const staging = createStaging(ctx, "volume");
  try {
    return await work(staging.path);
  } finally {
    await staging.remove();
  }
}
