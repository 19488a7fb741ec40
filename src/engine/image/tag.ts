import type { Context } from "../../host/context.ts";
import { newLocalName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveEntry, unknownImage } from "../../storage/image-lookup.ts";
import { renameImage } from "../../storage/image-store.ts";

/** Gives an image more names, one after the other. A short one belongs to localhost. */
export async function addTags(ctx: Context, nameOrId: string, names: readonly string[]): Promise<void> {
  const id = resolveEntry(visibleImages(ctx), nameOrId)?.id;
  if (id === undefined) throw unknownImage(nameOrId);
  for (const name of names) {
    const full = newLocalName(name);
    await renameImage(ctx, id, (had) => [...had, full]);
    recordEvent(ctx, { Type: "image", Status: "tag", ID: id, Name: name });
  }
}
