import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf, FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { busyboxArchive, imageArchive } from "../support/images.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const scratch = (name: string) => join(home.directory, "tmp", name);
const idOf = (name: string) => home.ok("image", "inspect", "--format", "{{.Id}}", name);

/** A file of a tar archive. */
const extract = (file: string, member: string) =>
  execFileSync("tar", ["-xOf", file, member], { maxBuffer: 1 << 28 });

/** What the layers of an image hold, as a container sees it: names, modes, owners, times. */
const filesOf = (name: string) =>
  home.ok(
    "run",
    "--rm",
    "--network",
    "none",
    name,
    "sh",
    "-c",
    "cd / && find bin home tmp var etc/passwd etc/group | sort | xargs stat -c '%n %a %u:%g %Y %s'",
  );

/** What `docker save` made before version 25, of one plain layer. */
function dockerArchive(layer: Buffer, tags: string[] | null, compressed = false): Buffer {
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["/x"] },
    rootfs: { type: "layers", diff_ids: [digestOf(compressed ? gunzipSync(layer) : layer)] },
  });
  const manifest = [{ Config: "config.json", RepoTags: tags, Layers: ["id/layer.tar"] }];
  return tar([
    { path: "config.json", data: config },
    { path: "id/", type: "directory" },
    { path: "id/layer.tar", type: "symlink", target: "../layer.tar" },
    { path: "layer.tar", data: layer },
    { path: "manifest.json", data: JSON.stringify(manifest) },
  ]);
}

test("what is no archive at all is told, whatever it is", async () => {
  for (const input of ["/dev/null", scratch("no-archive.gz")]) {
    if (input !== "/dev/null") writeFileSync(input, gzipSync("nothing of the kind"));
    expect(await home.coracle("load", "-i", input)).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(
        /^Error: payload does not match any of the supported image formats: .*\n$/,
      ),
    });
  }
});

test("a reader that has enough ends the writer without a word, as SIGPIPE does", async () => {
  await home.ok("create", "--name", "piped", "bb");
  const script = `for words in "save bb" "export piped" "cp piped:/bin -"; do
    { "$0" $words; echo $? >&2; } | head -c 10 >/dev/null
  done`;
  const { stderr } = await home.exec(["sh", "-c", script, home.program]);
  expect(stderr).toBe("141\n141\n141\n");
  await home.ok("rm", "piped");
});

describe("load", () => {
  test("tells the names it loaded", async () => {
    const result = await home.coracle("load", "-i", busyboxArchive());
    expect(result).toMatchObject({ exitCode: 0, stdout: "Loaded image: localhost/bb:latest\n" });
    expect(await home.coracle("load", "-q", "-i", busyboxArchive())).toMatchObject({ stderr: "" });
  });

  test("from standard input, plain and compressed", async (context) => {
    skipUnless(context, hasProgram("zstd"));
    const archive = readFileSync(busyboxArchive());
    const zstd = execFileSync("zstd", ["-c"], { input: archive, maxBuffer: 1 << 28 });
    for (const input of [archive, gzipSync(archive), zstd]) {
      await home.coracle("rmi", "bb");
      const result = await home.run(["load"], { input });
      expect(result).toMatchObject({ exitCode: 0, stdout: "Loaded image: localhost/bb:latest\n" });
    }
  });

  test("from a compressed file", async () => {
    writeFileSync(scratch("bb.tar.gz"), gzipSync(readFileSync(busyboxArchive())));
    expect(await home.ok("load", "--input", scratch("bb.tar.gz"))).toBe("Loaded image: localhost/bb:latest");
  });

  test.each([false, true])("a docker-archive (layer compressed: %j)", async (compressed) => {
    const plain = tar([{ path: "x", data: `docker ${compressed}` }]);
    const layer = compressed ? gzipSync(plain) : plain;
    const result = await home.run(["load"], {
      input: dockerArchive(layer, ["app:1", "quay.io/app:2"], compressed),
    });
    expect(result.stdout).toBe("Loaded image: localhost/app:1\nLoaded image: quay.io/app:2\n");
    expect(JSON.parse(await home.ok("image", "inspect", "app:1"))[0]).toMatchObject({
      RepoTags: ["quay.io/app:2", "localhost/app:1"],
      Config: { Cmd: ["/x"] },
      RootFS: { Layers: [digestOf(plain)] },
    });
    await home.ok("rmi", "app:1", "quay.io/app:2");
  });

  test("an image without a name is told by its id", async () => {
    const result = await home.run(["load"], { input: dockerArchive(tar([{ path: "nameless" }]), null) });
    const id = /^Loaded image: sha256:([0-9a-f]{64})\n$/.exec(result.stdout)?.[1];
    expect(await home.ok("images", "-q", "--no-trunc", "--filter", "dangling=true")).toBe(`sha256:${id}`);
    await home.ok("rmi", id as string);
  });

  test("directories that a layer only implies keep their mode and owner", async () => {
    const archive = imageArchive("implicit", {
      reference: "localhost/implicit:1",
      layers: [
        [
          { path: "secret/", type: "directory", mode: 0o711, uid: 12, gid: 34 },
          { path: "bin/", type: "directory" },
          { path: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
        ],
        [{ path: "secret/inner/file", data: "x" }],
      ],
      config: {},
    });
    await home.ok("load", "-i", archive);
    const run = ["run", "--rm", "--network", "none", "implicit:1", "/bin/busybox"];
    expect(await home.ok(...run, "stat", "-c", "%a %u:%g", "/secret", "/secret/inner")).toBe(
      "711 12:34\n755 0:0",
    );
    await home.ok("rmi", "implicit:1");
  });

  test("thousands of such directories, and their removal", async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `d${i % 10}/e${i}`);
    const tops = Array.from({ length: 10 }, (_, i) => `d${i}`);
    const below = [...tops, ...names].map((name) => ({
      path: `${name}/`,
      type: "directory" as const,
      mode: 0o750,
    }));
    const busybox = [
      { path: "bin/", type: "directory" as const },
      { path: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
    ];
    const above = names.map((name) => ({ path: `${name}/f`, data: "" }));
    const archive = imageArchive("many", {
      reference: "localhost/many:1",
      layers: [[...busybox, ...below], above],
      config: {},
    });
    await home.ok("load", "-q", "-i", archive);
    const count = "busybox stat -c %a d*/e* | busybox sort | busybox uniq -c; echo d*/e*/f | busybox wc -w";
    const run = ["run", "--rm", "--network", "none", "many:1", "/bin/busybox", "sh", "-c"];
    expect((await home.ok(...run, count)).split(/\s+/).filter(Boolean)).toEqual(["3000", "750", "3000"]);
    await home.ok("rmi", "many:1");
  });

  describe("what is no image archive is told in one line", () => {
    const oci = () => readFileSync(busyboxArchive());
    const replaceIn = (data: Buffer, from: string, to: string) => {
      const copy = Buffer.from(data);
      const at = copy.indexOf(from);
      expect(at).toBeGreaterThan(0);
      copy.write(to, at);
      return copy;
    };

    test.each<[string, () => Buffer | string, RegExp]>([
      ["text", () => "hello\n".repeat(200), /not a tar file/],
      ["nothing", () => "", /unexpected end/],
      ["one that is cut off", () => oci().subarray(0, 100_000), /unexpected end/],
      ["a damaged gzip", () => gzipSync(oci()).subarray(0, 5000), /not a usable archive/],
      [
        "the tar of a root filesystem",
        () => tar([{ path: "etc/", type: "directory" }]),
        /neither an OCI image layout/,
      ],
      [
        "a changed manifest",
        () =>
          replaceIn(
            oci(),
            '"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest',
            '"schemaVersion":2,"mediatype',
          ),
        /has digest sha256:/,
      ],
      [
        "a digest that is a path",
        () => replaceIn(oci(), '"digest":"sha256:', '"digest":"sha256:../../../'),
        /invalid digest/,
      ],
      ["xz", () => Buffer.from("fd377a585a00", "hex"), /the compressed stream ends too early/],
      [
        "a layer of other content",
        () => replaceIn(dockerArchive(tar([{ path: "x", data: "content" }]), ["a:1"]), "content", "CONTENT"),
        /digest/,
      ],
    ])("%s", async (_name, input, message) => {
      const result = await home.run(["load"], { input: input() });
      expect(result).toMatchObject({ exitCode: 125, stdout: "" });
      const lines = result.stderr.trimEnd().split("\n");
      expect(lines.filter((line) => line.startsWith("Error: "))).toHaveLength(1);
      expect(lines.at(-1)).toMatch(message);
      await home.expectNothingLeft();
    });

    test("a layer whose bytes aren't those of its digest", async () => {
      const archive = readFileSync(
        imageArchive("flip", {
          reference: "localhost/flip:1",
          layers: [[{ path: "x", data: "content" }]],
          config: {},
        }),
      );
      archive.write("CONTENT", archive.indexOf("content\0"));
      const result = await home.run(["load"], { input: archive });
      expect(result.exitCode).toBe(125);
      expect(result.stderr).toMatch(/Error: .*digest/);
      expect(await home.coracle("image", "exists", "flip:1")).toMatchObject({ exitCode: 1 });
      await home.expectNothingLeft();
    });

    test("no such file, and a directory", async () => {
      expect((await home.coracle("load", "-i", scratch("nope"))).stderr).toMatch(
        /nope: no such file or directory/,
      );
      expect((await home.coracle("load", "-i", home.directory)).stderr).toMatch(/is a directory/);
    });
  });
});

describe("save", () => {
  test("an oci-archive gives back every blob byte for byte", async () => {
    await home.ok("save", "--format", "oci-archive", "-o", scratch("o.tar"), "bb");
    const index = JSON.parse(extract(scratch("o.tar"), "index.json").toString());
    const original = JSON.parse(extract(busyboxArchive(), "index.json").toString());
    expect(index.manifests[0]).toEqual(original.manifests[0]);
    const members = (file: string) =>
      execFileSync("tar", ["-tf", file], { encoding: "utf8" })
        .split("\n")
        .filter((name) => /sha256\/./.test(name))
        .sort();
    expect(members(scratch("o.tar"))).toEqual(members(busyboxArchive()));
    for (const member of members(busyboxArchive())) {
      expect(extract(scratch("o.tar"), member).equals(extract(busyboxArchive(), member))).toBe(true);
    }
  });

  test("a docker-archive has the layers uncompressed and the config as it was", async () => {
    await home.ok("save", "-o", scratch("d.tar"), "bb", "other:2");
    const archived = (member: string) => extract(scratch("d.tar"), member);
    const [entry] = JSON.parse(archived("manifest.json").toString());
    const repositories = JSON.parse(archived("repositories").toString());
    const top = repositories["localhost/bb"].latest;
    expect(repositories).toEqual({ "localhost/bb": { latest: top }, "localhost/other": { 2: top } });
    expect(JSON.parse(archived(`${top}/json`).toString())).toMatchObject({ id: top, os: "linux" });
    expect(execFileSync("tar", ["-tvf", scratch("d.tar"), `${top}/layer.tar`]).toString()).toContain(
      ` -> ../${entry.Layers.at(-1)}\n`,
    );
    expect(entry.RepoTags).toEqual(["localhost/bb:latest", "localhost/other:2"]);
    expect(entry.Config).toBe(`${await idOf("bb")}.json`);
    const config = extract(scratch("d.tar"), entry.Config);
    expect(digestOf(config)).toBe(`sha256:${await idOf("bb")}`);
    expect(entry.Layers.map((layer: string) => digestOf(extract(scratch("d.tar"), layer)))).toEqual(
      JSON.parse(config.toString()).rootfs.diff_ids,
    );
  });

  test.each([
    ["oci-dir", "application/vnd.oci.image.layer.v1.tar"],
    ["docker-dir", "application/vnd.docker.image.rootfs.diff.tar"],
  ])("--uncompressed writes an %s without compression", async (format, mediaType) => {
    const directory = scratch(`plain-${format}`);
    await home.ok("save", "-q", "--uncompressed", "--format", format, "-o", directory, "bb");
    const read = (digest: string) => {
      const [, hex = ""] = digest.split(":");
      return readFileSync(join(directory, format === "oci-dir" ? `blobs/sha256/${hex}` : hex));
    };
    const json = (bytes: Buffer) => JSON.parse(bytes.toString());
    const manifest =
      format === "oci-dir"
        ? json(read(json(readFileSync(join(directory, "index.json"))).manifests[0].digest))
        : json(readFileSync(join(directory, "manifest.json")));
    const { diff_ids } = json(read(manifest.config.digest)).rootfs;
    expect(manifest.layers).toEqual([{ mediaType, digest: diff_ids[0], size: read(diff_ids[0]).length }]);
    expect(digestOf(read(diff_ids[0]))).toBe(diff_ids[0]);
  });

  test.each(["docker-archive", "oci-archive"])("what %s holds, load gives back", async (format) => {
    const before = [await idOf("bb"), await filesOf("bb")];
    const { stdoutBytes } = await home.coracle("save", "--format", format, "bb");
    await home.ok("rmi", "bb");
    await home.run(["load"], { input: stdoutBytes });
    expect([await idOf("bb"), await filesOf("bb")]).toEqual(before);
  });

  test("several images in one docker-archive", async () => {
    const more = imageArchive("save-more", {
      reference: "localhost/more:1",
      layers: [[{ path: "m" }]],
      config: {},
    });
    await home.ok("load", "-i", more);
    await home.ok("save", "-m", "-o", scratch("m.tar"), "bb", "more:1");
    // Into a file layers are written side by side, into a pipe one after the other.
    const { stdoutBytes } = await home.coracle("save", "-m", "bb", "more:1");
    expect(stdoutBytes.equals(readFileSync(scratch("m.tar")))).toBe(true);
    await home.ok("rmi", "bb", "more:1");
    expect(await home.ok("load", "-i", scratch("m.tar"))).toBe(
      "Loaded image: localhost/bb:latest\nLoaded image: localhost/more:1",
    );
    await home.ok("rmi", "more:1");
  });

  test.for(["docker-archive", "oci-archive"])("skopeo reads a %s", async (format, context) => {
    skipUnless(context, hasProgram("skopeo"));
    const file = scratch(`peer-${format}.tar`);
    await home.ok("save", "--format", format, "-o", file, "bb");
    const inspected = await home.exec(["skopeo", "inspect", "--config", `${format}:${file}`]);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ config: { Cmd: ["sh"] } });
    const copied = await home.exec([
      "skopeo",
      "copy",
      "-q",
      `${format}:${file}`,
      `oci-archive:${scratch(`back-${format}.tar`)}:x:1`,
    ]);
    expect(copied).toMatchObject({ exitCode: 0, stderr: "" });
    await home.ok("load", "-i", scratch(`back-${format}.tar`));
    // Between Docker's and OCI's form skopeo rewrites the config, never the layers.
    const layers = (name: string) => home.ok("image", "inspect", "--format", "{{.RootFS.Layers}}", name);
    expect(await layers("x:1")).toBe(await layers("bb"));
    await home.ok("rmi", "x:1");
  });

  test.for(["oci-archive", "oci-dir"])("oci-image-tool and umoci take an %s", async (format, context) => {
    skipUnless(context, hasProgram("oci-image-tool"), hasProgram("umoci"));
    const layout = scratch(`tools-${format}`);
    const name = "localhost/bb:latest";
    if (format === "oci-dir") await home.ok("save", "-q", "--format", format, "-o", layout, "bb");
    else {
      await home.ok("save", "-q", "--format", format, "-o", `${layout}.tar`, "bb");
      mkdirSync(layout);
      execFileSync("tar", ["-xf", `${layout}.tar`, "-C", layout]);
    }
    const validate = ["oci-image-tool", "validate", "--type", "image", "--ref", `name=${name}`, layout];
    expect(await home.exec(validate)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Validation succeeded"),
    });
    const bundle = `${layout}.bundle`;
    const unpack = ["umoci", "unpack", "--rootless", "--image", `${layout}:${name}`, bundle];
    expect(await home.exec(unpack)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(bundle, "rootfs/etc/passwd"), "utf8")).toContain("guest:x:1000");
  });

  test("the file is there whole or not at all", async () => {
    const result = await home.coracle("save", "-o", scratch("none.tar"), "nope");
    expect(result.exitCode).toBe(125);
    expect(() => statSync(scratch("none.tar"))).toThrow();
    expect((await home.coracle("save", "-o", "/nonexistent/x.tar", "bb")).stderr).toMatch(
      /opening file "\/nonexistent\/x.tar": open \/nonexistent\/x.tar: no such file/,
    );
    expect((await home.coracle("save", "-o", scratch("a:b"), "bb")).stderr).toBe(
      `Error: invalid filename (should not contain ':') ${JSON.stringify(scratch("a:b"))}\n`,
    );
    expect((await home.coracle("load", "-i", "none.tar")).stderr).toContain(
      "Error: faccessat none.tar: no such file or directory",
    );
  });

  test("unknown formats are refused", async () => {
    expect((await home.coracle("save", "--format", "zip", "bb")).stderr).toMatch(
      /format value must be one of oci-dir oci-archive docker-dir docker-archive/,
    );
  });

  test("to the file that is stdout, by its name", async () => {
    const file = scratch("named-stdout.tar");
    const save = '"$0" save -q -o /dev/stdout bb >"$1"';
    expect(await home.exec(["sh", "-c", save, home.program, file])).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    const plain = scratch("named.tar");
    await home.ok("save", "-q", "-o", plain, "bb");
    expect(readFileSync(file).equals(readFileSync(plain))).toBe(true);
  });

  test("tells what it copies, and writes into no archive that is there", async () => {
    const file = scratch("told.tar");
    const { stderr } = await home.coracle("save", "-o", file, "bb");
    expect(stderr).toMatch(/^Copying blob sha256:\S+\nCopying config sha256:\S+\nWriting manifest to image/);
    const before = readFileSync(file);
    const again = await home.coracle("save", "-q", "-o", file, "bb");
    expect(again).toMatchObject({ exitCode: 125, stdout: "" });
    expect(again.stderr).toMatch(/docker-archive doesn't support modifying existing images/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe("import", () => {
  const root = tar([
    { path: "etc/", type: "directory" },
    { path: "etc/motd", data: "hi" },
  ]);

  test("a tar becomes an image with the changes asked for", async () => {
    writeFileSync(scratch("root.tar"), root);
    const id = await home.ok(
      "import",
      "-m",
      "why",
      "-c",
      "CMD /bin/x",
      "-c",
      "ENV A=1",
      scratch("root.tar"),
      "imp:1",
    );
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(await home.ok("image", "inspect", "imp:1"))[0]).toMatchObject({
      Id: id.slice("sha256:".length),
      RepoTags: ["localhost/imp:1"],
      Comment: "why",
      Config: { Cmd: ["/bin/sh", "-c", "/bin/x"], Env: ["A=1"] },
      RootFS: { Layers: [digestOf(root)] },
    });
    await home.ok("rmi", "imp:1");
  });

  test("from standard input, compressed, without a name", async () => {
    for (const input of [gzipSync(root), execFileSync("xz", { input: root })]) {
      const { stdout, stderr } = await home.run(["import", "-"], { input });
      expect(stderr).toMatch(
        /^Getting image source signatures\nCopying blob sha256:\w+\nCopying config sha256:\w+\nWriting manifest to image destination\n$/,
      );
      const [image] = JSON.parse(await home.ok("image", "inspect", stdout.trim()));
      expect(image).toMatchObject({ RepoTags: [], RootFS: { Layers: [digestOf(root)] } });
      const file = scratch(`${image.Id}.tar`);
      await home.ok("save", "-q", "-o", file, image.Id);
      expect(extract(file, `${digestOf(root).slice(7)}.tar`)).toEqual(root);
      await home.ok("rmi", image.Id);
    }
  });

  test("from a web server, as load does, by way of a redirect; what fails there is told", async () => {
    const server = await FakeRegistry.start();
    const files: Record<string, Buffer> = { "/root.tar": root, "/image.tar": dockerArchive(root, ["web:1"]) };
    server.handler = (_request, response, { pathname }) => {
      if (pathname.startsWith("/moved/")) response.writeHead(302, { location: pathname.slice(6) }).end();
      else if (pathname.startsWith("/short/")) {
        response.writeHead(200, { "content-length": 10_000 });
        response.write("x", () => response.destroy());
      } else response.writeHead(files[pathname] ? 200 : 404).end(files[pathname]);
      return true;
    };
    try {
      const at = (name: string) => `http://${server.address}/${name}`;
      const [told, id] = (await home.ok("import", at("moved/root.tar"), "fetched")).split("\n");
      expect(told).toBe(`Downloading from "${at("moved/root.tar")}"`);
      const [image] = JSON.parse(await home.ok("image", "inspect", "fetched"));
      expect(image).toMatchObject({ RootFS: { Layers: [digestOf(root)] } });
      expect(`sha256:${image.Id}`).toBe(id);
      expect(await home.ok("load", "-q", "-i", at("moved/image.tar"))).toBe("Loaded image: localhost/web:1");
      for (const command of [["import"], ["load", "-i"]]) {
        expect(await home.coracle(...command, at("nope.tar"))).toMatchObject({
          exitCode: 125,
          stderr: expect.stringContaining(`Error: downloading ${at("nope.tar")}: status 404`),
        });
        expect(await home.coracle(...command, at("short/x"))).toMatchObject({ exitCode: 125 });
      }
      await home.ok("rmi", "fetched", "web:1");
    } finally {
      await server.stop();
    }
  });

  test("what can't be imported is told", async () => {
    expect((await home.coracle("import", scratch("nope"))).stderr).toMatch(/no such file/);
    expect((await home.coracle("import", "-c", "RUN x", scratch("root.tar"))).stderr).toMatch(
      /invalid change/,
    );
    expect((await home.run(["import", "-"], { input: "x".repeat(2000) })).stderr).toMatch(/^Error: /m);
    mkdirSync(scratch("directory"), { recursive: true });
    expect((await home.coracle("import", scratch("directory"))).stderr).toMatch(/is a directory/);
    await home.expectNothingLeft();
  });
});
