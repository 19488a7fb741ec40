import { expect, test } from "vitest";
import { checkTitles, emptyConfig, fileType, newListArtifact } from "../../../src/oci/artifact.ts";
import { mediaTypes } from "../../../src/oci/image.ts";

test.each([
  ["a.json", "{}", "application/json"],
  ["a.HTML", "x", "text/html"],
  ["a.txt", "oh yeah\n", "text/plain"],
  ["a", "\0\0", "application/octet-stream"],
  ["a.constructor", "", "text/plain"],
])("a file %s is known by its name, else by its content", (name, content, type) => {
  expect(fileType(name, Buffer.from(content))).toBe(type);
});

test("an artifact of a list", () => {
  expect(newListArtifact({ layers: [] })).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.unknown.artifact.v1",
    config: emptyConfig,
    layers: [],
  });
  expect(newListArtifact({ layers: [], type: "" })).not.toHaveProperty("artifactType");
  const data = Buffer.from("{}\n");
  expect(newListArtifact({ layers: [], config: { data } }).config).toMatchObject({
    mediaType: mediaTypes.ociConfig,
    size: 3,
    data: "e30K",
  });
  const typed = { type: "text/plain", data: Buffer.alloc(0) };
  expect(newListArtifact({ layers: [], config: typed }).config).toEqual({
    ...emptyConfig,
    mediaType: "text/plain",
  });
});

test.each([
  [[], ["a", "b"], undefined, undefined],
  [["a"], ["b"], "c", undefined],
  [["a"], ["a"], "c", "a: file already exists in artifact"],
  [[], ["a", "a"], undefined, "a: file already exists in artifact"],
  [
    ["c"],
    ["a"],
    "c",
    "duplicate layers org.opencontainers.image.title labels within an artifact not allowed",
  ],
  [
    [],
    ["a", "b"],
    "c",
    "duplicate layers org.opencontainers.image.title labels within an artifact not allowed",
  ],
])("files %j with %j beside them, all called %s", (old, names, given, refusal) => {
  const layers = old.map((title) => ({
    mediaType: "text/plain",
    digest: emptyConfig.digest,
    size: 2,
    annotations: { "org.opencontainers.image.title": title },
  }));
  const check = () => checkTitles(layers, names, given);
  if (refusal === undefined) expect(check).not.toThrow();
  else expect(check).toThrow(refusal);
});
