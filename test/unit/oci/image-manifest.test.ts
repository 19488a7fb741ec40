import { describe, expect, test } from "vitest";
import { mediaTypes } from "../../../src/oci/image.ts";
import { parseImageConfig, parseManifest } from "../../../src/oci/image-manifest.ts";

const descriptor = { mediaType: "x/y", digest: `sha256:${"ab".repeat(32)}`, size: 10 };
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptor,
  layers: [descriptor],
};
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [descriptor] };
const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const parse = (value: unknown, mediaType?: string) => parseManifest(bytes(value), "it", mediaType);

describe("manifests and indexes", () => {
  test("a manifest", () => {
    expect(parse(manifest)).toEqual({ kind: "manifest", manifest });
  });

  test("an index", () => {
    expect(parse(index, mediaTypes.ociIndex)).toEqual({ kind: "index", index });
  });

  test("without a media type of its own, the announced one counts", () => {
    expect(parse({ ...manifest, mediaType: undefined }, mediaTypes.ociManifest).kind).toBe("manifest");
    expect(() => parse({ ...manifest, mediaType: undefined }, mediaTypes.ociIndex)).toThrow(/unsupported/);
  });

  test("Docker's own types", () => {
    expect(parse({ ...manifest, mediaType: mediaTypes.dockerManifest }).kind).toBe("manifest");
    expect(parse({ ...index, mediaType: mediaTypes.dockerManifestList }).kind).toBe("index");
  });

  test.each([
    ["manifest and index at once", { ...manifest, manifests: [] }],
    ["a manifest that calls itself an index", { ...manifest, mediaType: mediaTypes.ociIndex }],
    ["an index that calls itself a manifest", { ...index, mediaType: mediaTypes.ociManifest }],
    ["layers in an index", { ...index, layers: [] }],
    ["neither", { schemaVersion: 2 }],
    ["schema 1", { ...manifest, schemaVersion: 1 }],
    ["layers that are no list", { ...manifest, layers: {} }],
    ["a config that is no descriptor", { ...manifest, config: null }],
    ["a digest with a path", { ...manifest, layers: [{ ...descriptor, digest: "sha256:../../x" }] }],
    ["a negative size", { ...manifest, layers: [{ ...descriptor, size: -1 }] }],
    ["a fractional size", { ...manifest, config: { ...descriptor, size: 1.5 } }],
    ["an unknown media type", { ...manifest, mediaType: "text/html" }],
    ["no JSON", "<html>"],
    ["a list", []],
    ["a number", "5"],
  ])("%s is refused", (_name, value) => {
    expect(() => parse(value)).toThrow(/^it: /);
  });

  test("announced and own media type must agree", () => {
    expect(() => parse(manifest, mediaTypes.dockerManifest)).toThrow(/announced/);
  });

  test("text that isn't UTF-8 is refused", () => {
    expect(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d]), "it")).toThrow(/not valid JSON/);
  });

  test("more than four megabytes are refused", () => {
    expect(() => parse({ ...manifest, annotations: { x: "x".repeat(4 << 20) } })).toThrow(/too large/);
  });
});

describe("image configs", () => {
  const config = {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [descriptor.digest] },
  };

  test("diffIDs are counted against the layers", () => {
    expect(parseImageConfig(bytes(config), "it", 1).rootfs.diff_ids).toEqual([descriptor.digest]);
    expect(() => parseImageConfig(bytes(config), "it", 2)).toThrow(/2 layers, image config 1/);
  });

  test("an image without layers needs no rootfs", () => {
    expect(parseImageConfig(bytes({ os: "linux", architecture: "amd64" }), "it", 0).rootfs.diff_ids).toEqual(
      [],
    );
  });

  test("diffIDs are checked", () => {
    const bad = { ...config, rootfs: { type: "layers", diff_ids: ["sha256:../.."] } };
    expect(() => parseImageConfig(bytes(bad), "it")).toThrow(/diffID 0: invalid digest/);
  });
});

describe("what an image sets for its containers", () => {
  const diffIDs = { rootfs: { type: "layers", diff_ids: [] } };
  const parseConfig = (config: unknown) => parseImageConfig(bytes({ ...diffIDs, config }), "it");

  test("may be left out, or null as Docker writes it", () => {
    const empty = { User: "", Env: null, Cmd: null, Entrypoint: null, Volumes: null, Labels: null };
    for (const config of [
      undefined,
      null,
      {},
      empty,
      { Cmd: ["sh"], Labels: { a: "b" }, Volumes: { "/a": {} } },
      { Healthcheck: null },
      { Healthcheck: {} },
      { Healthcheck: { Test: ["CMD", "true"], Interval: 1000000000, Retries: 3 } },
    ]) {
      expect(() => parseConfig(config)).not.toThrow();
    }
  });

  test.each([
    [[]],
    ["sh"],
    [{ Cmd: "sh" }],
    [{ Entrypoint: [1] }],
    [{ Env: { A: "b" } }],
    [{ User: 0 }],
    [{ WorkingDir: ["/"] }],
    [{ Volumes: ["/a"] }],
    [{ Labels: { a: 1 } }],
    [{ ExposedPorts: "80" }],
    [{ Cmd: ["sh", "a\0b"] }],
    [{ Entrypoint: ["/bin/\0sh"] }],
    [{ Env: ["A=\0"] }],
    [{ User: "0\0" }],
    [{ WorkingDir: "/a\0b" }],
    [{ Volumes: { "/a\0b": {} } }],
    [{ Healthcheck: "true" }],
    [{ Healthcheck: { Test: "true" } }],
    [{ Healthcheck: { Test: ["CMD", "a\0b"] } }],
    [{ Healthcheck: { Test: ["CMD", "true"], Interval: "1s" } }],
  ])("%j is refused", (config) => {
    expect(() => parseConfig(config)).toThrow(/^it: image config: /);
  });

  test("a history that is no list is refused", () => {
    expect(() => parseImageConfig(bytes({ ...diffIDs, history: {} }), "it")).toThrow(/history/);
  });

  test("annotations that are no text are refused", () => {
    const annotated = { ...descriptor, annotations: { "org.opencontainers.image.ref.name": 5 } };
    expect(() => parse({ ...index, manifests: [annotated] })).toThrow(/annotations/);
  });
});
