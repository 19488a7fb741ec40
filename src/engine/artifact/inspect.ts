import type { Context } from "../../host/context.ts";
import { splitName } from "../../oci/reference.ts";
import { artifactManifest, getArtifact, listArtifacts } from "../../storage/artifacts.ts";

export function inspectArtifact(ctx: Context, name: string): object {
  const artifact = getArtifact(ctx, name);
  return { Manifest: artifactManifest(ctx, artifact), Name: artifact.name, Digest: artifact.manifest };
}

export interface ListedArtifact {
  repository: string;
  tag: string | undefined;
  digest: string;
  size: number;
  created: string;
}

export function describeArtifacts(ctx: Context): ListedArtifact[] {
  return listArtifacts(ctx).map(({ name, manifest, size, created }) => ({
    ...splitName(name),
    digest: manifest,
    size,
    created,
  }));
}
