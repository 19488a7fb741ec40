/** Writes small OCI archives (an image layout in a tar file), the same bytes for the same input. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

export interface TarEntry {
  path: string;
  type?: "file" | "directory" | "symlink" | "hardlink";
  data?: Buffer | string;
  target?: string;
  mode?: number;
  uid?: number;
  gid?: number;
}

export interface ImageContent {
  /** Full name with tag, as in `localhost/hello:latest`. */
  reference: string;
  layers: TarEntry[][];
  /** The `config` object of the image config: Cmd, Env, … */
  config: Record<string, unknown>;
  /** Layers are stored as plain tar unless asked otherwise: no deflate library decides about their digests. */
  gzip?: boolean;
  architecture?: string;
  /** RFC 3339; without it the beginning of time. */
  created?: string;
}

const BLOCK = 512;
const TYPE_FLAGS = { file: "0", hardlink: "1", symlink: "2", directory: "5" };

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function header(entry: TarEntry, size: number): Buffer {
  const type = entry.type ?? "file";
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`too long for a ustar header: ${entry.path}`);
  block.write(entry.path, 0);
  block.write(octal(entry.mode ?? (type === "directory" ? 0o755 : 0o644), 8), 100);
  block.write(octal(entry.uid ?? 0, 8), 108);
  block.write(octal(entry.gid ?? 0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(" ".repeat(8), 148);
  block.write(TYPE_FLAGS[type], 156);
  block.write(entry.target ?? "", 157);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

export function tar(entries: TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? "");
    parts.push(header(entry, data.length), data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function digest(data: Buffer): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

function blobEntry(data: Buffer): TarEntry {
  return { path: `blobs/sha256/${digest(data).slice("sha256:".length)}`, data };
}

const ARCHITECTURES: Record<string, string> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  riscv64: "riscv64",
};

export function ociArchive(image: ImageContent): Buffer {
  const created = image.created ?? "1970-01-01T00:00:00Z";
  const blobs: Buffer[] = [];
  const descriptor = (mediaType: string, data: Buffer) => {
    blobs.push(data);
    return { mediaType, digest: digest(data), size: data.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const tars = image.layers.map(tar);
  const layerType = `application/vnd.oci.image.layer.v1.tar${image.gzip ? "+gzip" : ""}`;
  const layers = tars.map((data) => descriptor(layerType, image.gzip ? gzipSync(data) : data));
  const config = descriptor(
    "application/vnd.oci.image.config.v1+json",
    json({
      created,
      architecture: image.architecture ?? ARCHITECTURES[process.arch] ?? process.arch,
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: tars.map(digest) },
      history: tars.map(() => ({ created, created_by: "coracle build" })),
    }),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = descriptor(mediaType, json({ schemaVersion: 2, mediaType, config, layers }));
  const annotations = { "org.opencontainers.image.ref.name": image.reference };
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ ...manifest, annotations }],
  };
  const unique = new Map(blobs.map((data) => [digest(data), data]));
  return tar([
    { path: "oci-layout", data: '{"imageLayoutVersion":"1.0.0"}' },
    { path: "index.json", data: json(index) },
    { path: "blobs/", type: "directory" },
    { path: "blobs/sha256/", type: "directory" },
    ...[...unique.values()].map(blobEntry),
  ]);
}
