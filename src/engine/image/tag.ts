import type { Context } from "../../host/context.ts";
import { localName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { tagImage } from "../../storage/image-store.ts";
import { getImage } from "../../storage/images.ts";

/** Gives an image more names. A short one belongs to localhost. */
export async function addTags(ctx: Context, nameOrId: string, names: readonly string[]): Promise<void> {
  const full = names.map(localName);
  const { id } = getImage(ctx, nameOrId);
  await tagImage(ctx, id, full);
  for (const name of names) recordEvent(ctx, { Type: "image", Status: "tag", ID: id, Name: name });
}
