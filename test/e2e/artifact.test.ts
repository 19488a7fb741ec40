/** Files as OCI artifacts: in the store, to and from a registry, and to files again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome();
const directory = join(home.directory, "tmp");
let registry: TestRegistry | undefined;
const missing = hasProgram("docker-registry") ?? hasProgram("skopeo");

beforeAll(async () => {
  if (missing === undefined) registry = await startRegistry();
});
afterEach(async () => {
  await home.ok("artifact", "rm", "--all");
  const blobs = join(home.store, "blobs/sha256");
  expect(existsSync(blobs) ? readdirSync(blobs) : []).toEqual([]);
});
afterAll(async () => registry?.stop());

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}
const inspect = async (name: string) => JSON.parse(await home.ok("artifact", "inspect", name));

test("are made of files, shown and removed", async () => {
  const text = file("a.txt", "hello\n");
  const digest = await home.ok("artifact", "add", "--type", "text/x-test", "one", text);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await inspect("one")).toMatchObject({
    Manifest: {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: "text/x-test",
      config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2, data: "e30=" },
      layers: [
        {
          mediaType: "text/plain; charset=utf-8",
          size: 6,
          annotations: { "org.opencontainers.image.title": "a.txt" },
        },
      ],
      annotations: { "org.opencontainers.image.created": expect.stringMatching(/^20/) },
    },
    Name: "localhost/one:latest",
    Digest: `sha256:${digest}`,
  });
  expect(await home.ok("artifact", "ls")).toMatch(
    new RegExp(
      `^REPOSITORY +TAG +DIGEST +CREATED +SIZE\nlocalhost/one +latest +${digest.slice(0, 12)} +.* ago +6B$`,
    ),
  );
  const template =
    '{{index .Manifest.Annotations "org.opencontainers.image.created"}} {{len .Manifest.Layers}}';
  expect(await home.ok("artifact", "inspect", "--format", template, "one")).toMatch(/^20\S+ 1$/);
  expect(await home.coracle("artifact", "add", "--append", "--replace", "one", text)).toMatchObject({
    exitCode: 125,
    stderr: "Error: --append and --replace options cannot be used together\n",
  });
  expect(await home.coracle("artifact", "add", "one", text)).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("artifact already exists"),
  });
  const binary = file("b.bin", Buffer.from([0, 1, 2]));
  const both = await home.ok("artifact", "add", "--append", "--annotation", "k=v", "one", binary);
  expect((await inspect(both.slice(0, 12))).Manifest.layers).toMatchObject([
    { mediaType: "text/plain; charset=utf-8" },
    { mediaType: "application/octet-stream", annotations: { k: "v" } },
  ]);
  expect(await home.coracle("artifact", "add", "--append", "one", binary)).toMatchObject({ exitCode: 125 });
  const replaced = ["artifact", "add", "--replace", "--file-type", "x/y", "one"];
  await home.ok(...replaced, binary);
  expect((await inspect("one")).Manifest.layers).toMatchObject([{ mediaType: "x/y", size: 3 }]);
  // Images and their removal leave artifacts alone.
  expect(await home.ok("images", "-q")).toBe("");
  await home.ok("image", "prune", "-f");
  await home.ok("artifact", "extract", "one", join(directory, "out.bin"));
  expect(await home.coracle("artifact", "rm", "nope")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("nope: artifact does not exist"),
  });
  await home.ok("artifact", "rm", "--ignore", "nope");
  await home.ok("artifact", "add", "first", join(directory, "out.bin"));
  expect(await home.coracle("artifact", "rm", "first", "nope")).toMatchObject({ exitCode: 125, stdout: "" });
  expect(await home.ok("artifact", "ls", "--format", "{{.Repository}}")).not.toContain("first");
  expect(await home.coracle("artifact", "add", "two", directory)).toMatchObject({ exitCode: 125 });
  const title = ["--annotation", "org.opencontainers.image.title=x"];
  await home.ok("artifact", "add", ...title, "titled", binary);
  const titles = `{{range .Manifest.Layers}}{{.Annotations}} {{end}}{{index .Manifest.Annotations "org.opencontainers.image.title"}}`;
  for (const inspected of [["titled"], ["--type", "artifact", "titled"]]) {
    expect(await home.ok("inspect", ...inspected, "--format", titles)).toBe(
      "map[org.opencontainers.image.title:x] x",
    );
  }
  expect(await home.coracle("inspect", "--type", "artifact", "nope")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("Error: inspecting object: nope: artifact does not exist"),
  });
  for (const [args, message] of [
    [["one"], "one: artifact already exists"],
    [["--append", "one"], "b.bin: file already exists in artifact"],
  ] as const) {
    const refused = await home.coracle("artifact", "add", ...args, binary);
    expect(refused).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(`Error: ${message}`) });
  }
});

test("go to a registry and come back, whole", async (context) => {
  skipUnless(context, missing);
  const name = `${registry?.address}/art/one:1`;
  const files = [file("x", "x".repeat(3_000_000)), file("y.json", "{}")];
  const digest = await home.ok("artifact", "add", name, ...files);
  const digestFile = join(directory, "digest");
  await home.ok("artifact", "push", "-q", "--tls-verify=false", "--digestfile", digestFile, name);
  expect(readFileSync(digestFile, "utf8")).toBe(`sha256:${digest}`);
  const raw = ["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`];
  expect(JSON.parse((await home.exec(raw)).stdout)).toEqual((await inspect(name)).Manifest);
  const layout = join(directory, "layout");
  const copy = ["skopeo", "copy", "-q", "--src-tls-verify=false", `docker://${name}`, `oci:${layout}:one`];
  expect(await home.exec(copy)).toMatchObject({ exitCode: 0 });
  await home.ok("artifact", "rm", name);
  // From the layout to another place, which we pull.
  const other = `${registry?.address}/art/two:1`;
  const back = ["skopeo", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}:one`, `docker://${other}`];
  expect(await home.exec(back)).toMatchObject({ exitCode: 0 });
  expect(await home.ok("artifact", "pull", "-q", "--tls-verify=false", other)).toBe(digest);
  const target = join(directory, "target");
  mkdirSync(target);
  await home.ok("artifact", "extract", other, target);
  expect(readdirSync(target).sort()).toEqual(["x", "y.json"]);
  expect(readFileSync(join(target, "x")).equals(readFileSync(files[0] as string))).toBe(true);
  expect(await home.coracle("artifact", "extract", other, join(directory, "only"))).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("the artifact consists of several blobs"),
  });
  await home.ok("artifact", "extract", "--title", "y.json", other, join(directory, "only"));
  expect(readFileSync(join(directory, "only"), "utf8")).toBe("{}");
  const { layers } = (await inspect(other)).Manifest;
  await home.ok("artifact", "extract", "--digest", layers[1].digest, other, target);
  expect(readFileSync(join(target, layers[1].digest.replace(":", "-")), "utf8")).toBe("{}");
});

test("what a registry gives is verified, and leads out of no directory", async () => {
  const fake = await FakeRegistry.start();
  try {
    const blob = fake.blob("a/b", "content");
    const config = { mediaType: "application/vnd.oci.empty.v1+json", ...fake.blob("a/b", "{}") };
    const manifest = (layer: object) => ({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config,
      layers: [{ mediaType: "text/plain", ...blob, ...layer }],
    });
    fake.manifest("a/b", "up", manifest({ annotations: { "org.opencontainers.image.title": "../up" } }));
    fake.manifest("a/b", "long", manifest({ size: 1 << 30 }));
    const pull = (tag: string) =>
      home.coracle("artifact", "pull", "-q", "--tls-verify=false", `${fake.address}/a/b:${tag}`);
    expect(await pull("up")).toMatchObject({ exitCode: 0 });
    const extract = await home.coracle("artifact", "extract", `${fake.address}/a/b:up`, directory);
    expect(extract).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('invalid name: "../up" cannot contain /'),
    });
    await home.ok("artifact", "rm", "--all");
    expect(await pull("long")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("has not the announced 1073741824 bytes"),
    });
    fake.content.set(`a/b/blobs/${blob.digest}`, { data: Buffer.from("CONTENT"), type: "x" });
    fake.manifest("a/b", "other", manifest({}));
    expect(await pull("other")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("has digest"),
    });
  } finally {
    await fake.stop();
  }
});

test("a registry that isn't there is told of once for all that is on the way", async () => {
  const late = await FakeRegistry.start();
  const name = `${late.address}/a/b:1`;
  await late.stop();
  await home.ok("artifact", "add", name, file("one", "1"), file("two", "2"));
  const push = [
    "artifact",
    "push",
    "-q",
    "--tls-verify=false",
    "--retry",
    "1",
    "--retry-delay",
    "10ms",
    name,
  ];
  const { exitCode, stderr } = await home.coracle(...push);
  expect(exitCode).toBe(125);
  expect(stderr.match(/Failed, retrying in 10ms/g)).toHaveLength(1);
});
