import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { normalizeName } from "../../oci/reference.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { resolveEntry, unknownImage } from "../../storage/image-lookup.ts";
import { namedEntry } from "../../storage/image-names.ts";
import { renameImage } from "../../storage/image-store.ts";

/** Takes names away from an image, all of them where none is given. The image stays. */
export async function removeTags(ctx: Context, nameOrId: string, names: readonly string[]): Promise<void> {
  const index = visibleImages(ctx);
  const id = resolveEntry(index, nameOrId)?.id;
  if (id === undefined) throw unknownImage(nameOrId);
  const had = namedEntry(index, id)?.names ?? [];
  for (const name of names.length > 0 ? names : had) await untag(ctx, id, name);
}

async function untag(ctx: Context, id: string, name: string): Promise<void> {
  if (name.startsWith("sha256:")) {
    throw new EngineError("bad-reference", `${name}: untag by digest not supported`);
  }
  const full = normalizeName(name);
  const had = await renameImage(ctx, id, (names) => names.filter((other) => other !== full));
  if (!had.includes(full)) throw new EngineError("no-such-tag", `${full}: tag not known`);
  recordEvent(ctx, { Type: "image", Status: "untag", ID: id, Name: full });
}
