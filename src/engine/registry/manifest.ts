import { rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { parseManifest } from "../../oci/image-manifest.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import { candidates } from "./name.ts";
import type { RegistryAccess } from "./options.ts";
import { fromSources } from "./sources.ts";

export interface InspectedManifest {
  content: object;
  /** Of the one image that it describes; undefined for a list of images. */
  singleType: string | undefined;
}

/** The manifest or list that a registry has under a name. */
export async function inspectManifest(
  ctx: Context,
  text: string,
  access: RegistryAccess,
): Promise<InspectedManifest> {
  const { references } = await candidates(parseReference(text.replace(/^docker:\/\//, "")), text);
  let failure: unknown;
  for (const reference of references) {
    const name = formatReference(reference);
    try {
      const found = await fromSources(ctx, reference, access, (client, source) =>
        client.manifest(source.digest ?? (source.tag as string)),
      );
      const parsed = parseManifest(found.bytes, name, found.mediaType);
      return parsed.kind === "index"
        ? { content: parsed.index, singleType: undefined }
        : { content: parsed.manifest, singleType: parsed.manifest.mediaType ?? found.mediaType ?? "" };
    } catch (error) {
      failure ??= rephrase(error, {
        prefix: `reading image ${JSON.stringify(`docker://${name}`)}: `,
        exitCode: 125,
      });
    }
  }
  throw failure;
}
