import { expect, it } from "vitest";
import { type Descriptor, mediaTypes } from "../../../src/oci/image.ts";
import {
  changeInstance,
  listDocument,
  listFormat,
  parseAnnotations,
  putInstance,
  shownList,
} from "../../../src/oci/manifest-list.ts";

const digest = `sha256:${"0".repeat(64)}`;
const descriptor = (mediaType: string, size = 1): Descriptor => ({
  mediaType,
  digest,
  size,
  platform: { os: "linux", architecture: "amd64" },
});
const docker = { descriptor: descriptor(mediaTypes.dockerManifest), source: null };

it("takes an image once", () => {
  const again = { descriptor: descriptor(mediaTypes.dockerManifest, 2), source: "a/b" };
  expect(putInstance([docker], again)).toEqual([again]);
});

it("is in the format that its images need", () => {
  expect(listFormat({ instances: [] })).toBe("v2s2");
  expect(listFormat({ instances: [docker] })).toBe("v2s2");
  expect(listFormat({ instances: [docker], annotations: { a: "b" } })).toBe("oci");
  expect(listFormat({ instances: [{ ...docker, descriptor: descriptor(mediaTypes.ociManifest) }] })).toBe(
    "oci",
  );
  expect(listDocument({ instances: [docker], annotations: { a: "b" } }, "v2s2")).not.toHaveProperty(
    "annotations",
  );
});

it("says of an image what it is told, and keeps the rest", () => {
  const change = { variant: "v7", osFeatures: ["x"], features: ["y"], annotations: { a: "b" } };
  expect(changeInstance(docker.descriptor, change)).toEqual({
    ...docker.descriptor,
    platform: { os: "linux", architecture: "amd64", variant: "v7", "os.features": ["x"], features: ["y"] },
    annotations: { a: "b" },
  });
  expect(changeInstance(docker.descriptor, {})).toEqual(docker.descriptor);
});

it("shows no images as Go shows none", () => {
  expect(shownList({ instances: [] })).toHaveProperty("manifests", null);
});

it("takes annotations apart at the first =", () => {
  expect(parseAnnotations(["a=b=c", "d="])).toEqual({ a: "b=c", d: "" });
  expect(() => parseAnnotations(["d"])).toThrow('no value given for annotation "d"');
});
