/** What a registry has under a name, and lists that are put together here. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome();

test("manifest inspect shows lists and single images", async () => {
  const registry = await FakeRegistry.start();
  try {
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const single = registry.image("a/b", "1", [tar([{ path: "x" }])]);
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [{ mediaType, ...single, platform: { os: "linux", architecture: "s390x" } }],
    };
    registry.manifest("a/b", "list", index);
    const inspect = (tag: string) =>
      home.coracle("manifest", "inspect", "--tls-verify=false", `${registry.address}/a/b:${tag}`);
    const list = await inspect("list");
    expect(list).toMatchObject({ exitCode: 0, stderr: "" });
    expect(list.stdout).toBe(`${JSON.stringify(index, null, 4)}\n`);
    const one = await inspect("1");
    expect(one.stderr).toBe(
      `Warning! The manifest type ${mediaType} is not a manifest list but a single image.\n`,
    );
    expect(JSON.parse(one.stdout).config.mediaType).toBe("application/vnd.oci.image.config.v1+json");
    expect(await inspect("none")).toMatchObject({
      exitCode: 125,
      stdout: "",
      stderr: expect.stringMatching(
        /^Error: reading image "docker:\/\/.*\/a\/b:none": reading manifest none in .*\n$/,
      ),
    });
  } finally {
    await registry.stop();
  }
});

describe("lists in the store", () => {
  const bb = useHome({ image: true });
  let registry: TestRegistry | undefined;
  const missing = hasProgram("docker-registry") ?? hasProgram("skopeo");

  beforeAll(async () => {
    if (missing === undefined) registry = await startRegistry();
  });
  afterAll(async () => registry?.stop());

  const inspect = async (name: string) => JSON.parse(await bb.ok("manifest", "inspect", name));

  test("are made, changed, shown and removed", async () => {
    const id = await bb.ok("manifest", "create", "foo");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await bb.coracle("manifest", "create", "foo")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(
        `image name "localhost/foo:latest" is already associated with image "${id}": that name is already in use`,
      ),
    });
    expect(await bb.ok("manifest", "create", "--amend", "foo")).toBe(id);
    expect((await inspect("foo")).manifests).toBeNull();
    expect(await bb.ok("images", "--format", "{{.Size}}", "foo")).toBe("110 B");
    expect(await bb.ok("manifest", "add", "foo", "bb")).toBe(id);
    const digest = await bb.ok("image", "inspect", "--format", "{{.Digest}}", "bb");
    const architecture = await bb.ok("image", "inspect", "--format", "{{.Architecture}}", "bb");
    expect((await inspect("foo")).manifests).toEqual([
      expect.objectContaining({ digest, platform: { architecture, os: "linux" } }),
    ]);
    // For this machine it is the image.
    expect(await bb.ok("run", "--rm", "foo", "echo", "hi")).toBe("hi");
    expect(await bb.ok("image", "inspect", "--format", "{{index .RepoTags 0}}", "foo")).toBe(
      "localhost/bb:latest",
    );
    const annotate = ["manifest", "annotate", "--arch", "sparc", "--variant", "v8", "--os-version", "1.2"];
    await bb.ok(...annotate, "--annotation", "a=b", "foo", digest);
    expect((await inspect("foo")).manifests[0]).toMatchObject({
      platform: { architecture: "sparc", os: "linux", "os.version": "1.2", variant: "v8" },
      annotations: { a: "b" },
    });
    expect(await bb.coracle("history", "foo")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(`no image found in image index for architecture ${architecture}`),
    });
    await bb.ok("tag", "foo", "foo2");
    const named = await bb.ok("images", "--format", "{{.Repository}} {{.ID}}", "--filter", "manifest=true");
    expect(named).toBe(`localhost/foo ${id.slice(0, 12)}\nlocalhost/foo2 ${id.slice(0, 12)}`);
    expect(await bb.ok("manifest", "remove", "foo", digest)).toBe(id);
    expect(await bb.coracle("manifest", "remove", "foo", digest)).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(`no instance matching digest "${digest}" found in manifest list`),
    });
    expect(await bb.ok("rmi", "foo")).toBe("Untagged: localhost/foo:latest");
    expect(await bb.ok("manifest", "rm", "foo2")).toBe(`Untagged: localhost/foo2:latest\nDeleted: ${id}`);
    await bb.ok("image", "exists", "bb");
  });

  test("are not images", async () => {
    const notList = "Error: localhost/bb:latest: image is not a manifest list";
    for (const command of ["exists", "rm"]) {
      expect(await bb.coracle("manifest", command, "bb")).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(notList),
      });
    }
    expect(await bb.coracle("manifest", "exists", "nope")).toMatchObject({ exitCode: 1, stderr: "" });
    expect(await bb.coracle("manifest", "rm", "nope")).toMatchObject({ exitCode: 1 });
    await bb.ok("manifest", "rm", "--ignore", "nope");
    expect(await bb.coracle("manifest", "annotate", "nope", "bb")).toMatchObject({ exitCode: 125 });
    await bb.ok("manifest", "create", "empty");
    expect((await bb.coracle("manifest", "annotate", "--arch", "arm", "empty", "bb")).stderr).toMatch(
      /^Error: no Docker manifest matching digest "sha256:\w+" was found in list: no image instance matching/,
    );
    await bb.ok("manifest", "rm", "empty");
  });

  test("are pushed with their images, whether these are here or in a registry", async (context) => {
    skipUnless(context, missing);
    const host = registry?.address;
    const raw = async (name: string) => {
      const args = ["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${host}/${name}`];
      return JSON.parse((await bb.exec(args)).stdout);
    };
    await bb.ok("push", "-q", "--tls-verify=false", "bb", `${host}/src/bb:1`);
    const remote = await raw("src/bb:1");
    // Another image, for another machine, that is only in the registry.
    const changed = await bb.ok("create", "bb");
    await bb.ok("commit", "-q", changed, `${host}/src/other:1`);
    await bb.ok("rm", changed);
    await bb.ok("push", "-q", "--tls-verify=false", `${host}/src/other:1`);
    await bb.ok("rmi", `${host}/src/other:1`);
    await bb.ok("manifest", "create", "--annotation", "x=y", "multi", "bb");
    const add = ["manifest", "add", "--tls-verify=false", "--arch", "s390x", "multi"];
    await bb.ok(...add, `docker://${host}/src/other:1`);
    const pushed = await bb.coracle(
      "manifest",
      "push",
      "--tls-verify=false",
      "multi",
      `docker://${host}/dst/multi:1`,
    );
    expect(pushed).toMatchObject({ exitCode: 0, stdout: "" });
    expect(pushed.stderr).toMatch(
      /^Getting image list signatures\nCopying 2 images generated from 2 images in list\n/,
    );
    const list = await raw("dst/multi:1");
    expect(list).toMatchObject({
      mediaType: "application/vnd.oci.image.index.v1+json",
      annotations: { x: "y" },
      manifests: [{ platform: { os: "linux" } }, { platform: { architecture: "s390x" } }],
    });
    expect((await raw(`dst/multi@${list.manifests[0].digest}`)).layers).toEqual(remote.layers);
    const whole = ["skopeo", "copy", "-q", "--all", "--src-tls-verify=false", `docker://${host}/dst/multi:1`];
    expect(await bb.exec([...whole, `oci:${bb.directory}/tmp/multi`])).toMatchObject({ exitCode: 0 });
    // A list of a registry is added as a whole, and pushed on.
    await bb.ok("manifest", "create", "--all", "--tls-verify=false", "again", `docker://${host}/dst/multi:1`);
    const digestFile = `${bb.directory}/tmp/digest`;
    const again = ["manifest", "push", "-q", "--tls-verify=false", "--rm", "--digestfile", digestFile];
    await bb.ok(...again, "again", `${host}/dst/again:1`);
    expect((await raw("dst/again:1")).manifests).toEqual(list.manifests);
    expect((await raw(`dst/again@${readFileSync(digestFile, "utf8")}`)).manifests).toEqual(list.manifests);
    expect(await bb.coracle("manifest", "exists", "again")).toMatchObject({ exitCode: 1 });
    // Where nothing is for this machine, `push` pushes the list.
    const digest = await bb.ok("image", "inspect", "--format", "{{.Digest}}", "bb");
    await bb.ok("manifest", "annotate", "--arch", "riscv64", "multi", digest);
    await bb.ok("push", "-q", "--tls-verify=false", "multi", `${host}/dst/multi:2`);
    expect((await raw("dst/multi:2")).manifests[0].platform.architecture).toBe("riscv64");
    const docker = ["manifest", "push", "-q", "--tls-verify=false", "-f", "v2s2"];
    expect(await bb.coracle(...docker, "multi", `${host}/dst/docker:1`)).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("can't be converted"),
    });
    await bb.ok("manifest", "create", "local", "bb");
    await bb.ok(...docker, "local", `${host}/dst/docker:1`);
    expect(await raw("dst/docker:1")).toMatchObject({
      mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
      manifests: [{ mediaType: "application/vnd.docker.distribution.manifest.v2+json" }],
    });
    const add2 = ["manifest", "push", "--tls-verify=false", "--add-compression", "zstd,gzip"];
    const both = await bb.coracle(...add2, "local", `${host}/dst/both:1`);
    expect(both.stderr).toMatch(/\nCopying 2 images generated from 1 .*\n(.*\n)*Replicating image sha256:/);
    const [gzip, zstd] = (await raw("dst/both:1")).manifests;
    expect(gzip.annotations).toBeUndefined();
    expect(zstd.annotations).toEqual({ "io.github.containers.compression.zstd": "true" });
    expect(zstd.platform).toEqual(gzip.platform);
    expect((await raw(`dst/both@${zstd.digest}`)).layers[0].mediaType).toMatch(/tar\+zstd$/);
    expect((await bb.coracle(...add2, "multi", `${host}/dst/both:2`)).stderr).toContain(
      "can't be compressed",
    );
    await bb.ok("manifest", "rm", "multi", "local");
  });

  test("have artifacts made of files, and a subject", async (context) => {
    skipUnless(context, missing);
    const [host, file] = [registry?.address, `${bb.directory}/notes.txt`];
    writeFileSync(file, "oh yeah\n");
    const blobs = readdirSync(join(bb.store, "blobs/sha256"));
    await bb.ok("manifest", "create", "art");
    expect(await bb.coracle("manifest", "add", "--artifact-type", "x/y", "art", file)).toMatchObject({
      exitCode: 125,
      stderr: "Error: --artifact-type requires --artifact\n",
    });
    const add = ["manifest", "add", "--artifact", "--artifact-type", "x/y", "--artifact-annotation", "a=b"];
    await bb.ok(...add, "--artifact-subject", "bb", "--os", "linux", "art", file);
    await bb.ok("manifest", "annotate", "--annotation", "c=d", "art", file);
    await bb.ok("manifest", "annotate", "--index", "--subject", "bb", "art");
    const digest = await bb.ok("image", "inspect", "--format", "{{.Digest}}", "bb");
    expect(await inspect("art")).toMatchObject({
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [{ artifactType: "x/y", annotations: { c: "d" }, files: [file] }],
      subject: { digest },
    });
    await bb.ok("manifest", "push", "-q", "--tls-verify=false", "art", `${host}/dst/art:1`);
    const raw = async (name: string) => {
      const args = ["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${host}/dst/art${name}`];
      return JSON.parse((await bb.exec(args)).stdout);
    };
    const list = await raw(":1");
    expect(list).toMatchObject({ manifests: [{ platform: { os: "linux" } }], subject: { digest } });
    expect(await raw(`@${list.manifests[0].digest}`)).toMatchObject({
      artifactType: "x/y",
      layers: [{ mediaType: "text/plain", annotations: { "org.opencontainers.image.title": "notes.txt" } }],
      subject: { digest },
      annotations: { a: "b" },
    });
    await bb.ok("manifest", "rm", "art");
    expect(readdirSync(join(bb.store, "blobs/sha256"))).toEqual(blobs);
  });

  test("are saved with their images, and give back the one for a platform", async (context) => {
    const at = (name: string) => `${bb.directory}/${name}`;
    const fake = await FakeRegistry.start();
    let list: string;
    try {
      fake.image("a/b", "1", [tar([{ path: "far" }])]);
      list = await bb.ok("manifest", "create", "saved", "bb");
      const add = ["manifest", "add", "--tls-verify=false", "--arch", "s390x", "saved"];
      await bb.ok(...add, `docker://${fake.address}/a/b:1`);
      const push = ["manifest", "push", "-q", "--tls-verify=false", "saved"];
      for (const place of ["oci:oci:x:1", "dir:dir", "oci-archive:pushed.tar:x:1"])
        await bb.ok(...push, place.replace(":", `:${bb.directory}/`));
      // The one that isn't in the store is fetched from where it is.
      const save = ["save", "-q", "--all-platforms"];
      const archive = [...save, "--format", "oci-archive", "-o", at("saved.tar")];
      expect((await bb.coracle(...archive, "saved")).stderr).toContain(
        "http: server gave HTTP response to HTTPS client",
      );
      await bb.ok(...archive, "--tls-verify=false", "saved");
      expect((await bb.coracle(...save, "-o", at("no"), "saved")).stderr).toContain("--format oci-archive");
    } finally {
      await fake.stop();
    }
    expect((await bb.coracle("manifest", "push", "nosuch", `dir:${at("x")}`)).stderr).toContain(
      "retrieving local image from image name nosuch: nosuch: image not known",
    );
    expect(await bb.coracle("manifest", "push", "saved", `docker-archive:${at("x")}`)).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("can't hold a list of images"),
    });
    const id = await bb.ok("image", "inspect", "--format", "{{.Id}}", "bb");
    const archives = [`oci-archive:${at("pushed.tar")}:x:1`, `oci-archive:${at("saved.tar")}`];
    for (const place of [`oci:${at("oci")}:x:1`, `dir:${at("dir")}`, ...archives]) {
      expect(await bb.ok("pull", "-q", place)).toBe(id);
      const far = await bb.ok("pull", "-q", "--platform", "linux/s390x", place);
      expect(far).not.toBe(id);
      await bb.ok("rmi", "-f", far);
    }
    // An image that is loaded under its name has taken that.
    await bb.ok("manifest", "rm", list);
    skipUnless(context, hasProgram("skopeo"));
    for (const [place, to] of [
      [`oci:${at("oci")}:x:1`, `dir:${at("copy")}`],
      [`dir:${at("dir")}`, `oci:${at("copied")}:x`],
    ] as const)
      expect(await bb.exec(["skopeo", "copy", "-q", "--all", place, to])).toMatchObject({ exitCode: 0 });
    expect(await bb.ok("pull", "-q", `dir:${at("copy")}`)).toBe(id);
  });
});
