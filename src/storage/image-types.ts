import type { ImageConfig, Manifest } from "../oci/image.ts";

/** One image of the store, with what containers and `inspect` need; plain data read from blobs and images.json. */
export interface StoredImage {
  /** Image ID: hex of the digest of the image config. */
  id: string;
  /** `sha256:…` of the manifest. */
  manifestDigest: string;
  manifest: Manifest;
  config: ImageConfig;
  /** Full names (docker.io/library/bb:1); with a digest where it was pulled by one. */
  names: string[];
  /** Names that it has or had, the latest first. */
  nameHistory: string[];
  /** Digests that it can be called by. */
  digests: string[];
  /** When it came into this store, RFC 3339. */
  storedAt: string;
  /** Bytes of the uncompressed layers, config and manifest. */
  size: number;
  /** Key of the image's parents layer (parents.ts), or null. */
  parents: string | null;
}

export type StorageDriver = "overlay" | "fuse-overlayfs" | "vfs";
