import { expect, test } from "vitest";
import { type Manifest, mediaTypes } from "../../../src/oci/image.ts";
import {
  canHold,
  compressionLevel,
  convertManifest,
  formatOf,
  layerCompression,
  outgoingFormat,
  parsePushCompression,
} from "../../../src/oci/manifest-format.ts";

const digest = `sha256:${"a".repeat(64)}`;
const oci: Manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest, size: 1 },
  layers: [{ mediaType: mediaTypes.ociLayerGzip, digest, size: 2, annotations: { a: "b" } }],
  annotations: { of: "image" },
};

test("to Docker's media types and back", () => {
  const layers = [{ descriptor: oci.layers[0] as Manifest["layers"][0], compression: "gzip" as const }];
  const docker = convertManifest(oci, "v2s2", layers);
  expect(docker).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, digest, size: 1 },
    layers: [{ mediaType: mediaTypes.dockerLayerGzip, digest, size: 2, annotations: { a: "b" } }],
  });
  expect(formatOf(docker)).toBe("v2s2");
  expect(convertManifest(oci, "oci", layers)).toEqual(oci);
});

test("compression as the media type says", () => {
  const of = (mediaType: string) => layerCompression({ mediaType, digest, size: 0 });
  expect(of(mediaTypes.dockerLayerGzip)).toBe("gzip");
  expect(of(mediaTypes.ociLayerZstd)).toBe("zstd");
  expect(of(mediaTypes.dockerLayer)).toBe("none");
  expect(of("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")).toBeUndefined();
  expect(canHold("v2s2", "zstd")).toBe(false);
});

test("a manifest becomes OCI's where the compression needs it", () => {
  const docker = { ...oci, config: { ...oci.config, mediaType: mediaTypes.dockerConfig } };
  expect(outgoingFormat(docker, {})).toBe("v2s2");
  expect(outgoingFormat(docker, { compression: "gzip" })).toBe("v2s2");
  expect(outgoingFormat(docker, { compression: "zstd" })).toBe("oci");
  expect(outgoingFormat(docker, { compression: "zstd", format: "v2s2" })).toBe("v2s2");
});

test("a compression of containers.conf doesn't hold for manifests that can't have it", () => {
  const configured = { isConfigured: true, format: undefined };
  expect(parsePushCompression("zstd", configured)).toBe("zstd");
  expect(parsePushCompression("zstd:chunked", configured)).toBe("zstd");
  expect(() => parsePushCompression("x", configured)).toThrow('cannot find compressor for "x"');
  expect(parsePushCompression("zstd", { ...configured, format: "v2s2" })).toBeUndefined();
  expect(parsePushCompression("zstd", { isConfigured: false, format: "v2s2" })).toBe("zstd");
  expect(() => parsePushCompression("bzip2", configured)).toThrow("not supported");
});

test("compression levels", () => {
  expect(compressionLevel("gzip", undefined)).toBeUndefined();
  expect(compressionLevel("gzip", 9)).toBe(9);
  expect(compressionLevel(undefined, -1)).toBeUndefined();
  expect(compressionLevel("gzip", 0)).toBe(1);
  expect(compressionLevel("zstd", 40)).toBe(22);
  for (const level of [-3, 10, 40])
    expect(() => compressionLevel(undefined, level)).toThrow(
      `writing blob: happened during read: gzip: invalid compression level: ${level}`,
    );
});
