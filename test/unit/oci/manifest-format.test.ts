import { expect, test } from "vitest";
import { type Manifest, mediaTypes } from "../../../src/oci/image.ts";
import { canHold, convertManifest, formatOf, layerCompression } from "../../../src/oci/manifest-format.ts";

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
