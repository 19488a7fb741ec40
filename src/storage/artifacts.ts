import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { syncDirectory } from "../host/files.ts";
import { withLock } from "../host/lock.ts";
import { removeTrees } from "../host/staging.ts";
import type { Manifest } from "../oci/image.ts";
import { parseManifest } from "../oci/image-manifest.ts";
import { normalizeName } from "../oci/reference.ts";
import { blobsDirectory, hasBlob, writeBlob } from "./blobs.ts";
import { artifactFiles, neededFiles, trashUnused } from "./image-files.ts";
import { type ArtifactEntry, changeImageIndex, readImageIndex } from "./image-index.ts";
import { readManifest } from "./images.ts";

/** Artifacts of the store. Their blobs are among those of the images. */

export interface StoredArtifact extends ArtifactEntry {
  name: string;
}

const created = "org.opencontainers.image.created";

export function listArtifacts(ctx: Context): StoredArtifact[] {
  return Object.entries(readImageIndex(ctx).artifacts ?? {}).map(([name, entry]) => ({ name, ...entry }));
}

/** By name, or by (a beginning of) the digest of its manifest. */
export function findArtifact(ctx: Context, nameOrDigest: string): StoredArtifact | undefined {
  const all = listArtifacts(ctx);
  const hex = nameOrDigest.replace(/^sha256:/, "");
  const byDigest = /^[0-9a-f]+$/.test(hex)
    ? all.filter(({ manifest }) => manifest.startsWith(`sha256:${hex}`))
    : [];
  if (nameOrDigest.startsWith("sha256:")) return byDigest[0];
  const name = normalizeName(nameOrDigest);
  return all.find((artifact) => artifact.name === name) ?? byDigest[0];
}

export function getArtifact(ctx: Context, nameOrDigest: string): StoredArtifact {
  const artifact = findArtifact(ctx, nameOrDigest);
  if (artifact) return artifact;
  throw new EngineError("artifact-not-known", `${nameOrDigest}: artifact does not exist`, {
    hint: "`coracle artifact ls` lists the artifacts here",
  });
}

export function artifactManifest(ctx: Context, { manifest }: ArtifactEntry): Manifest {
  return readManifest(ctx, manifest);
}

/** Names an artifact whose blobs are stored and durable; returns its digest. */
export async function commitArtifact(ctx: Context, name: string, bytes: Uint8Array): Promise<string> {
  const parsed = parseManifest(bytes, name);
  if (parsed.kind === "index") throw new EngineError("bad-manifest", `${name}: an index is no artifact`);
  const { config, layers, annotations } = parsed.manifest;
  const manifest = writeBlob(ctx, bytes);
  syncDirectory(blobsDirectory(ctx));
  const replaced = await changeImageIndex(ctx, (index) => {
    if (![config, ...layers].every(({ digest }) => hasBlob(ctx, digest))) {
      throw new EngineError("image-vanished", `${name}: files were removed while it was stored`, {
        hint: "another command removes images; try again",
      });
    }
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    const entry = { manifest, size, created: annotations?.[created] ?? new Date().toISOString() };
    const old = index.artifacts?.[name];
    index.artifacts = { ...index.artifacts, [name]: entry };
    return old && artifactFiles(ctx, old);
  });
  // What was there before; only after the index no longer names it, and not without looking again.
  if (replaced) await removeUnneeded(ctx, replaced);
  return manifest;
}

/** Removes files that nothing needs any more. */
export async function removeUnneeded(ctx: Context, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const trash = await withLock(ctx, "storage", () =>
    trashUnused(ctx, files, neededFiles(ctx, readImageIndex(ctx))),
  );
  await removeTrees(ctx, trash);
}

/** Removes an artifact with what only it needs. */
export async function removeArtifact(ctx: Context, name: string): Promise<void> {
  const files = await changeImageIndex(ctx, (index) => {
    const entry = index.artifacts?.[name];
    delete index.artifacts?.[name];
    return entry ? artifactFiles(ctx, entry) : [];
  });
  await removeUnneeded(ctx, files);
}
