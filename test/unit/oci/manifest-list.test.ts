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
  expect(listFormat({ instances: [docker] })).toBe("oci");
  const features = { ...docker, descriptor: changeInstance(docker.descriptor, { features: ["x"] }) };
  expect(listFormat({ instances: [features] })).toBe("v2s2");
  expect(listFormat({ instances: [features], annotations: { a: "b" } })).toBe("oci");
  expect(listFormat({ instances: [], subject: docker.descriptor })).toBe("oci");
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

it("shows no images as Go shows none, and a platform for everything", () => {
  expect(shownList({ instances: [] })).toHaveProperty("manifests", null);
  const { platform: _, ...artifact } = { ...docker.descriptor, artifactType: "x/y" };
  const list = { instances: [{ descriptor: artifact, source: null, files: ["/f"] }] };
  expect(shownList(list)).toMatchObject({
    mediaType: mediaTypes.ociIndex,
    manifests: [{ platform: { architecture: "", os: "" }, artifactType: "x/y", files: ["/f"] }],
  });
  expect(listDocument(list).manifests).toEqual([artifact]);
});

it("takes annotations apart at the first =", () => {
  expect(parseAnnotations(["a=b=c", "d="])).toEqual({ a: "b=c", d: "" });
  expect(() => parseAnnotations(["d"])).toThrow('no value given for annotation "d"');
});
