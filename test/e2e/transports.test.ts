/** Images of directories and archives by their transports, and all tags of a repository. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf, FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome();
const at = (name: string) => join(home.directory, name);
let id: string;
let digest: string;

beforeEach(async () => {
  await home.ok("load", "-q", "-i", busyboxArchive());
  [id, digest] = (await home.ok("image", "inspect", "--format", "{{.Id}} {{.Digest}}", "bb")).split(" ") as [
    string,
    string,
  ];
});
afterEach(async () => {
  await home.ok("rmi", "--all", "--force");
});

const names = () => home.ok("images", "--format", "{{.Repository}}:{{.Tag}}");

describe("there and back", () => {
  test.each([
    ["oci", "x:1", "localhost/x:1"],
    ["oci-archive", "x:1", "localhost/x:1"],
    ["docker-archive", "x/y:1", "docker.io/x/y:1"],
    ["dir", "", "<none>:<none>"],
  ])("%s", async (transport, reference, name) => {
    const place = `${transport}:${at(`to-${transport}`)}${reference && `:${reference}`}`;
    await home.ok("push", "-q", "bb", place);
    await home.ok("rmi", "-f", id);
    expect(await home.ok("pull", "-q", place)).toBe(id);
    expect(await names()).toBe(name);
    expect(await home.ok("run", "--rm", "--network", "none", id, "echo", "hi")).toBe("hi");
  });

  test("run from a directory", async () => {
    await home.ok("push", "-q", "bb", `oci:${at("run")}:x`);
    await home.ok("rmi", "-f", id);
    expect(await home.ok("run", "-q", "--rm", "--network", "none", `oci:${at("run")}:x`, "echo", "hi")).toBe(
      "hi",
    );
    expect(await home.ok("pull", `containers-storage:${id}`)).toBe(id);
  });
});

test("a layout keeps what it has, and is asked by name", async () => {
  const layout = `oci:${at("layout")}`;
  await home.ok("push", "-q", "bb", `${layout}:one`);
  await home.ok("push", "-q", "bb", `${layout}:two`);
  await home.ok("push", "-q", "bb", `${layout}:two`);
  const index = JSON.parse(readFileSync(at("layout/index.json"), "utf8"));
  expect(
    index.manifests.map(({ annotations }: { annotations: object }) => Object.values(annotations)[0]),
  ).toEqual(["one", "two"]);
  expect((await home.coracle("pull", `${layout}:three`)).stderr).toBe(
    'Error: no image found with reference "three"; there is one, two\n',
  );
  expect(readdirSync(at("layout")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
});

test("save to directories, and load from them", async (context) => {
  for (const format of ["oci-dir", "docker-dir"]) {
    await home.ok("save", "-q", "--format", format, "-o", at(format), "bb");
    await home.ok("rmi", "-f", id);
    expect(await home.ok("load", "-q", "-i", at(format))).toMatch(/^Loaded image: sha256:/);
    await home.ok("tag", id, "bb");
  }
  expect(JSON.parse(readFileSync(at("docker-dir/manifest.json"), "utf8")).mediaType).toMatch(/docker/);
  expect(await home.coracle("save", "--format", "oci-dir", "bb")).toMatchObject({ exitCode: 125 });
  skipUnless(context, hasProgram("skopeo"));
  for (const place of [`oci:${at("oci-dir")}`, `dir:${at("docker-dir")}`]) {
    const copied = await home.exec(["skopeo", "copy", "-q", place, `docker-archive:${at("copy")}:x:1`]);
    expect(copied).toMatchObject({ exitCode: 0 });
    await home.exec(["rm", at("copy")]);
  }
});

test("layers are compressed on the way into files where that is asked for", async () => {
  await home.ok("save", "-q", "-o", at("plain.tar"), "bb");
  await home.ok("rmi", "-f", id);
  await home.ok("load", "-q", "-i", at("plain.tar"));
  const layerOf = (file: string) => JSON.parse(readFileSync(at(file), "utf8")).layers[0];
  const startOf = (directory: string, layer: { digest: string }) =>
    readFileSync(join(at(directory), layer.digest.slice("sha256:".length)))
      .subarray(0, 2)
      .toString("hex");
  await home.ok("push", "-q", "bb", `dir:${at("as-is")}`);
  expect(layerOf("as-is/manifest.json").mediaType).toBe("application/vnd.oci.image.layer.v1.tar");
  const digestFile = at("digest");
  await home.ok("push", "-q", "--compress", "--digestfile", digestFile, "bb", `dir:${at("gzip")}`);
  expect(layerOf("gzip/manifest.json").mediaType).toMatch(/tar\+gzip$/);
  expect(startOf("gzip", layerOf("gzip/manifest.json"))).toBe("1f8b");
  expect(readFileSync(digestFile, "utf8")).toBe(digestOf(readFileSync(at("gzip/manifest.json"))));
  await home.ok("save", "-q", "--compress", "--format", "docker-dir", "-o", at("docker"), "bb");
  expect(layerOf("docker/manifest.json").mediaType).toBe("application/vnd.docker.image.rootfs.diff.tar.gzip");
  expect((await home.coracle("save", "--compress", "-o", at("no"), "bb")).stderr).toBe(
    "Error: --compress can only be set when --format is 'docker-dir'\n",
  );
  await home.ok("push", "-q", "--compression-format", "zstd", "bb", `dir:${at("zstd")}`);
  expect(startOf("zstd", layerOf("zstd/manifest.json"))).toBe("28b5");
  await home.ok("rmi", "-f", id);
  expect(await home.ok("pull", "-q", `dir:${at("zstd")}`)).toBe(id);
  expect(await home.ok("pull", "-q", `dir:${at("docker")}`)).toBe(id);
});

test("an image of a docker-archive is chosen by its name or place", async () => {
  await home.ok("tag", "bb", "docker.io/a/b:1");
  const place = `docker-archive:${at("named.tar")}`;
  await home.ok("push", "-q", "a/b:1", `${place}:c/d:2`);
  await home.ok("rmi", "-f", id);
  await home.ok("pull", "-q", `${place}:c/d:2`);
  expect(await names()).toBe("docker.io/c/d:2");
  await home.ok("pull", "-q", `${place}:@0`);
  expect((await names()).split("\n").sort()).toEqual(["docker.io/a/b:1", "docker.io/c/d:2"]);
  expect((await home.coracle("pull", `${place}:@1`)).stderr).toBe(
    "Error: Invalid source index @1, only 1 manifest items available\n",
  );
  expect((await home.coracle("pull", `${place}:e/f:3`)).stderr).toContain('Tag "docker.io/e/f:3" not found');
  // Of several images one has to be named; load takes them all.
  const layer = at("layer.tar");
  writeFileSync(layer, tar([{ path: "two" }]));
  await home.ok("import", "-q", layer, "two:1");
  await home.ok("save", "-q", "-m", "-o", at("several.tar"), "a/b:1", "two:1");
  expect(await home.coracle("pull", `docker-archive:${at("several.tar")}`)).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("Unexpected tar manifest.json: expected 1 item, got 2"),
  });
});

test("a push to our own store gives another name", async () => {
  await home.ok("push", "-q", "bb", "containers-storage:localhost/other:1");
  expect(await home.ok("image", "inspect", "--format", "{{.Id}}", "other:1")).toBe(id);
  expect(await home.ok("rmi", "other:1")).toBe("Untagged: localhost/other:1");
  expect(await home.coracle("push", "-q", "bb", "containers-storage:[overlay@/x+/y]z")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("not supported yet"),
  });
});

test("what skopeo writes", async (context) => {
  skipUnless(context, hasProgram("skopeo"));
  await home.ok("rmi", "-f", id);
  for (const place of [`oci:${at("s1")}:x`, `dir:${at("s2")}`]) {
    const copied = await home.exec(["skopeo", "copy", "-q", `oci-archive:${busyboxArchive()}`, place]);
    expect(copied).toMatchObject({ exitCode: 0 });
    expect(await home.ok("pull", "-q", place)).toBe(id);
  }
  expect(digest).toMatch(/^sha256:/);
});

test("what isn't there, or is something else", async () => {
  expect((await home.coracle("pull", `oci:${at("nowhere")}`)).exitCode).toBe(125);
  expect((await home.coracle("pull", `oci:${busyboxArchive()}`)).stderr).toContain("is not a directory");
  expect((await home.coracle("pull", `oci-archive:${home.directory}`)).stderr).toContain("is a directory");
  expect(existsSync(at("nowhere"))).toBe(false);
});

test("all tags", async () => {
  const registry = await FakeRegistry.start();
  try {
    for (const tag of ["1", "2"]) registry.image("a/b", tag, [tar([{ path: tag }])]);
    registry.content.set("a/b/tags/list", {
      data: Buffer.from('{"tags":["1","2"]}'),
      type: "application/json",
    });
    const pull = ["pull", "--tls-verify=false", "-q"];
    const ids = (await home.ok(...pull, "--all-tags", `${registry.address}/a/b`)).split("\n");
    expect(new Set(ids).size).toBe(2);
    for (const tag of ["1", "2"]) await home.ok("image", "exists", `${registry.address}/a/b:${tag}`);
  } finally {
    await registry.stop();
  }
});
