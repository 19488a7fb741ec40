import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { titleAnnotation } from "../../oci/artifact.ts";
import type { Descriptor } from "../../oci/image.ts";
import { artifactManifest, getArtifact } from "../../storage/artifacts.ts";

/** Only the file with that digest, or that title. */
export interface BlobChoice {
  digest?: string | undefined;
  title?: string | undefined;
}

/** The files of an artifact that are wanted; there is at least one. */
export function chosenBlobs(ctx: Context, name: string, { digest, title }: BlobChoice): Descriptor[] {
  if (digest !== undefined && title !== undefined)
    throw new EngineError("usage", "cannot specify both digest and title");
  const { layers } = artifactManifest(ctx, getArtifact(ctx, name));
  const chosen = layers.filter(
    (layer) =>
      (digest === undefined || layer.digest === digest) && (title === undefined || titleOf(layer) === title),
  );
  if (chosen.length > 0) return chosen;
  const wanted =
    digest !== undefined
      ? ` with the digest "${digest}"`
      : title !== undefined
        ? ` with the title "${title}"`
        : "";
  throw new EngineError("no-such-blob", `no blob${wanted} in artifact ${name}`, {
    hint: `\`coracle artifact inspect ${name}\` shows what is in it`,
  });
}

function titleOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[titleAnnotation] || undefined;
}

/** Titles come from whoever made the artifact: they may not lead out of the directory. */
export function blobFileName(layer: Descriptor, byDigest: boolean): string {
  const title = byDigest ? undefined : titleOf(layer);
  if (title === undefined) return layer.digest.replace(":", "-");
  if (!/[/\0]/.test(title) && title !== "." && title !== "..") return title;
  const reason = title.includes("/") ? "cannot contain /" : "cannot be the name of a file";
  throw new EngineError("bad-title", `invalid name: ${JSON.stringify(title)} ${reason}`, {
    hint: "choose it with --title or --digest, and extract it to a file",
  });
}
