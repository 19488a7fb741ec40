import { expect, test } from "vitest";
import {
  type CommitOptions,
  committedLayers,
  describeCommit,
  layerNotInFormat,
} from "../../../src/oci/committed-image.ts";
import type { ContainerConfig } from "../../../src/oci/container.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { type ImageConfig, type Manifest, mediaTypes } from "../../../src/oci/image.ts";
import { containerConfig } from "./container-config.ts";

const digest = (text: string) => digestOf(Buffer.from(text));
const added = {
  descriptor: { mediaType: mediaTypes.ociLayerGzip, digest: digest("new"), size: 3 },
  diffID: digest("new diff"),
  compression: "gzip" as const,
};
const base: ImageConfig = {
  architecture: "arm64",
  variant: "v8",
  os: "linux",
  author: "them",
  config: { Cmd: ["old"], Volumes: { "/vol": {} }, StopSignal: "SIGINT", Labels: { a: "1" }, Env: ["A=1"] },
  rootfs: { type: "layers", diff_ids: [digest("old diff")] },
  history: [{ created_by: "them" }],
};

function baseManifest(mediaType: string): Manifest {
  return {
    schemaVersion: 2,
    config: { mediaType: mediaTypes.ociConfig, digest: digest("config"), size: 1 },
    layers: [{ mediaType, digest: digest("old"), size: 9 }],
  };
}

function commit(
  container: Partial<ContainerConfig>,
  options: Partial<CommitOptions> & { squashed?: boolean } = {},
) {
  const layers = committedLayers({ config: base, manifest: baseManifest(mediaTypes.dockerLayerGzip) }, added);
  const image = { reference: "bb", id: "1", name: "localhost/bb:latest" };
  const { config, manifest } = describeCommit(base, containerConfig({ image, ...container }), layers, {
    format: "oci",
    changes: [],
    includeVolumes: false,
    anonymousVolumes: [],
    created: "2021-02-03T04:05:06Z",
    squashed: false,
    ...options,
  });
  return { config: JSON.parse(config.toString()), manifest: JSON.parse(manifest.toString()) };
}

test("the layers of the image are kept, with their digests, in the media types of the format", () => {
  const { manifest, config } = commit({});
  expect(manifest.layers).toEqual([
    { mediaType: mediaTypes.ociLayerGzip, digest: digest("old"), size: 9 },
    added.descriptor,
  ]);
  expect(config.rootfs.diff_ids).toEqual([digest("old diff"), digest("new diff")]);
  expect(commit({}, { format: "v2s2" }).manifest).toMatchObject({
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig },
    layers: [{ mediaType: mediaTypes.dockerLayerGzip }, { mediaType: mediaTypes.dockerLayerGzip }],
  });
});

test("Docker's format has no place for zstd", () => {
  const layers = committedLayers({ config: base, manifest: baseManifest(mediaTypes.ociLayerZstd) }, added);
  expect(layerNotInFormat(layers, "oci")).toBeUndefined();
  expect(layerNotInFormat(layers, "v2s2")).toBe(layers[0]);
});

test("the container's own values count, and what it has none for stays the image's", () => {
  const { config } = commit({
    command: ["new"],
    env: { A: "2", B: "3" },
    workdir: "/tmp",
    user: "guest",
    labels: { a: "1", b: "2" },
    exposed: ["99/tcp"],
  });
  expect(config).toMatchObject({ architecture: "arm64", variant: "v8", os: "linux", author: "them" });
  expect(config.config).toEqual({
    Cmd: ["new"],
    Env: ["A=2", "B=3"],
    ExposedPorts: { "99/tcp": {} },
    Labels: { a: "1", b: "2" },
    StopSignal: "SIGINT",
    User: "guest",
    Volumes: { "/vol": {} },
    WorkingDir: "/tmp",
  });
});

test("history: one entry more, or only that one", () => {
  const entry = {
    created: "2021-02-03T04:05:06Z",
    created_by: "/bin/sh",
    author: "me",
    comment: "FROM localhost/bb:latest",
  };
  expect(commit({}, { author: "me" }).config.history).toEqual([{ created_by: "them" }, entry]);
  expect(commit({}, { author: "me", squashed: true }).config.history).toEqual([entry]);
});

test("--message is the comment of Docker's format", () => {
  expect(commit({}, { format: "v2s2", message: "why" }).config.comment).toBe("why");
});

test("--include-volumes", () => {
  const mounts: ContainerConfig["mounts"] = [
    { type: "bind", source: "/tmp", destination: "/host", options: [] },
    { type: "tmpfs", source: "", destination: "/t", options: [] },
  ];
  expect(commit({ mounts }).config.config.Volumes).toEqual({ "/vol": {} });
  expect(commit({ mounts }, { anonymousVolumes: ["/an"] }).config.config.Volumes).toEqual({
    "/vol": {},
    "/an": {},
  });
  expect(commit({ mounts }, { includeVolumes: true }).config.config.Volumes).toEqual({
    "/vol": {},
    "/host": {},
    "/t": {},
  });
});

test("--config is merged in, --change comes last", () => {
  const { config } = commit(
    { command: ["x"], env: { A: "2" } },
    {
      override: { User: "them", Env: ["A=3", "C=4"], Labels: { z: "z" }, Cmd: [] },
      changes: ["USER me", "ENV C=5"],
    },
  );
  expect(config.config).toMatchObject({
    Cmd: ["x"],
    User: "me",
    Env: ["A=3", "C=5"],
    Labels: { a: "1", z: "z" },
  });
});
