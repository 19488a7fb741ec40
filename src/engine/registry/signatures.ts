import { EngineError } from "../../errors.ts";
import { readSignatureStorage } from "../../host/config/registries-d.ts";
import { parseManifest } from "../../oci/image-manifest.ts";
import { registrySource } from "../../oci/policy.ts";
import type { FullReference } from "../../oci/reference.ts";
import { usesSigstoreAttachments } from "../../oci/registries-d.ts";
import {
  type SigstoreSignature,
  signatureAnnotation,
  signatureTag,
  sigstoreMediaType,
} from "../../oci/sigstore.ts";
import type { RegistryClient } from "../../registry/client.ts";

/** A payload is a few hundred bytes, and an image has few signatures. */
const maxPayload = 1 << 20;
const maxSignatures = 100;

/** The signatures that the repository has of a manifest, where registries.d says to look for them. */
export async function readSignatures(
  client: RegistryClient,
  reference: FullReference,
  digest: string,
): Promise<SigstoreSignature[]> {
  if (!usesSigstoreAttachments(readSignatureStorage(), registrySource(reference))) return [];
  const tag = signatureTag(digest);
  const found = await client.manifest(tag).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === "manifest-unknown") return undefined;
    throw error;
  });
  if (!found) return [];
  const parsed = parseManifest(found.bytes, tag, found.mediaType);
  if (parsed.kind === "index") throw new EngineError("bad-manifest", `${tag}: an index has no signatures`);
  const layers = parsed.manifest.layers.filter(({ mediaType }) => mediaType === sigstoreMediaType);
  if (layers.length > maxSignatures)
    throw new EngineError("bad-manifest", `${tag}: more than ${maxSignatures} signatures`);
  const signatures: SigstoreSignature[] = [];
  for (const layer of layers) {
    const signature = layer.annotations?.[signatureAnnotation];
    if (signature === undefined) continue;
    const payload = await client.smallBlob(layer, maxPayload);
    signatures.push({ payload, signature: Buffer.from(signature, "base64") });
  }
  return signatures;
}
