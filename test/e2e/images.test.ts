import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";

const home = useHome({ image: true });
const archive = (name: string, labels: Record<string, string>) =>
  imageArchive(`images-${name}`, {
    reference: `quay.io/team/${name}:1`,
    layers: [[{ path: "file", data: name }]],
    config: { Labels: labels },
  });

beforeAll(async () => {
  await home.ok("load", "-i", archive("one", { kind: "first" }));
  await home.ok("load", "-i", archive("two", { kind: "second" }));
});

const idOf = (name: string) => home.ok("image", "inspect", "--format", "{{.Id}}", name);

describe("images", () => {
  test("a table of Podman's columns", async () => {
    const [header, ...rows] = (await home.ok("images")).split("\n");
    expect(header?.trim().split(/ {2,}/)).toEqual(["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]);
    expect(rows.map((row) => row.split(/ +/).slice(0, 2))).toEqual(
      expect.arrayContaining([
        ["localhost/bb", "latest"],
        ["quay.io/team/one", "1"],
        ["quay.io/team/two", "1"],
      ]),
    );
  });

  test("ids alone, short and whole", async () => {
    const id = await idOf("team/one:1");
    expect((await home.ok("images", "-q")).split("\n")).toContain(id.slice(0, 12));
    expect((await home.ok("images", "-q", "--no-trunc")).split("\n")).toContain(`sha256:${id}`);
  });

  test("an id is listed once, however many names it has", async () => {
    await home.ok("tag", "team/two:1", "again");
    expect((await home.ok("images", "-q", "two")).split("\n")).toHaveLength(1);
    expect((await home.ok("images", "-q")).split("\n")).toHaveLength(3);
    await home.ok("rmi", "again");
  });

  test("digests", async () => {
    const digest = await home.ok("image", "inspect", "--format", "{{.Digest}}", "team/one:1");
    expect(await home.ok("images", "--digests", "--noheading", "one")).toContain(digest);
  });

  test("JSON has Podman's keys", async () => {
    const [image] = JSON.parse(await home.ok("images", "--format", "json", "team/one:1"));
    expect(image).toMatchObject({
      Names: ["quay.io/team/one:1"],
      Labels: { kind: "first" },
      Containers: 0,
      Created: 0,
      CreatedAt: "1970-01-01T00:00:00Z",
    });
    expect(Object.keys(image)).toEqual([
      "Id",
      "ParentId",
      "RepoTags",
      "RepoDigests",
      "Size",
      "SharedSize",
      "VirtualSize",
      "Labels",
      "Containers",
      "Names",
      "Digest",
      "History",
      "Created",
      "CreatedAt",
    ]);
  });

  test("templates", async () => {
    expect(await home.ok("images", "--format", "{{.Repository}}:{{.Tag}} {{.Labels.kind}}", "two")).toBe(
      "quay.io/team/two:1 second",
    );
    expect(await home.ok("images", "--format", "table {{.Tag}} {{.Repository}}", "two")).toMatch(
      /^TAG +REPOSITORY\n1 /,
    );
  });

  test.each([
    ["reference=quay.io/team/*", ["one", "two"]],
    ["reference=*/two", ["two"]],
    ["reference=two:2", []],
    ["label=kind", ["one", "two"]],
    ["label=kin*=second", ["two"]],
    ["dangling=true", []],
    ["id=ffffffffffff", []],
  ])("--filter %s", async (filter, names) => {
    const listed = (
      await home.ok("images", "--sort", "repository", "--filter", filter, "--format", "{{.Repository}}")
    )
      .split("\n")
      .filter((line) => line !== "");
    expect(listed).toEqual(names.map((name) => `quay.io/team/${name}`));
  });

  test("a full name lists the image by it alone, a short one by all", async () => {
    await home.ok("tag", "team/two:1", "quay.io/team/two:b", "quay.io/team/two:a", "other");
    const listed = async (...args: string[]) =>
      (
        await home.ok("images", "--sort", "repository", "--format", "{{.Repository}}:{{.Tag}}", ...args)
      ).split("\n");
    const all = ["localhost/other:latest", ...["1", "a", "b"].map((tag) => `quay.io/team/two:${tag}`)];
    const digest = await home.ok("image", "inspect", "--format", "{{.Digest}}", "other");
    const filter = (...values: string[]) => values.flatMap((value) => ["--filter", `reference=${value}`]);
    expect(await listed("quay.io/team/two:a")).toEqual(["quay.io/team/two:a"]);
    expect(await listed(...filter("localhost/other:latest"))).toEqual(["localhost/other:latest"]);
    expect(await listed(`quay.io/team/two@${digest}`)).toEqual(all.slice(1));
    for (const short of ["two:a", "quay.io/team/two", "quay.io/team/two*"])
      expect(await listed(short)).toEqual(all);
    expect(await listed(...filter("two:a", "quay.io/team/two:b"))).toEqual(all);
    const [json] = JSON.parse(await home.ok("images", "--format", "json", "localhost/other:latest"));
    expect(json).toMatchObject({
      Names: ["localhost/other:latest"],
      RepoDigests: [`localhost/other@${digest}`],
    });
    await home.ok("rmi", "other", "quay.io/team/two:a", "quay.io/team/two:b");
  });

  test("all filters must hold, of references one", async () => {
    const [one, two] = [await idOf("team/one:1"), await idOf("team/two:1")];
    const count = async (...filters: string[]) =>
      (await home.ok("images", "-q", ...filters.flatMap((filter) => ["--filter", filter]))).match(/\w+/g)
        ?.length;
    expect(await count(`id=${one}`, `id=${two}`)).toBe(undefined);
    expect(await count("reference=team/one", "reference=team/two")).toBe(2);
    expect(await count("reference=team/*", `id=${two}`)).toBe(1);
  });

  test("history has the names of the images that end with a step", async () => {
    await home.ok("tag", "team/two:1", "again");
    expect(await home.ok("history", "--format", "{{.Tags}}", "again")).toBe(
      "[quay.io/team/two:1 localhost/again:latest]",
    );
    expect(await home.ok("history", "--format", "{{.CreatedAt}} {{.Size}}", "again")).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d[\d.]*[kM]?B$/,
    );
    const [step] = JSON.parse(await home.ok("history", "--format", "json", "again"));
    expect(step.tags).toEqual(["quay.io/team/two:1", "localhost/again:latest"]);
    await home.ok("rmi", "again");
  });

  test("before and since compare with another image", async () => {
    expect(await home.ok("images", "-q", "--filter", "since=team/one:1")).toBe("");
    expect(await home.coracle("images", "--filter", "before=nope")).toMatchObject({ exitCode: 125 });
  });

  test("unknown filters and sort keys are told", async () => {
    expect((await home.coracle("images", "--filter", "colour=red")).stderr).toMatch(
      /^Error: invalid image filter "colour": must be in the format "filter=value or filter!=value"/,
    );
    expect((await home.coracle("images", "--sort", "colour")).stderr).toMatch(
      /"colour" is not a valid field for sorting. Choose from: /,
    );
  });

  test("an empty list has its header", async () => {
    expect(await home.ok("images", "nope")).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  });
});

describe("image inspect and exists", () => {
  test("inspect shows the image by any of its names", async () => {
    const id = await idOf("bb");
    for (const name of ["bb:latest", "localhost/bb", id, id.slice(0, 8), `sha256:${id}`]) {
      const [image] = JSON.parse(await home.ok("image", "inspect", name));
      expect(image).toMatchObject({
        Id: id,
        RepoTags: ["localhost/bb:latest"],
        Os: "linux",
        Config: { Cmd: ["sh"] },
      });
    }
  });

  test("of several, those that exist are shown", async () => {
    const result = await home.coracle("image", "inspect", "nope", "bb");
    expect(result.exitCode).toBe(125);
    expect(JSON.parse(result.stdout)).toHaveLength(1);
    expect(result.stderr).toMatch(/^Error: inspecting object: nope: image not known; .*\n$/);
  });

  test("exists answers by its exit code alone", async () => {
    expect(await home.coracle("image", "exists", "bb")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(await home.coracle("image", "exists", "nope")).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: "",
    });
  });
});

describe("tag and rmi", () => {
  test("short names belong to localhost, and go one by one", async () => {
    await home.ok("tag", "team/one:1", "short", "docker.io/x/y:2");
    expect(JSON.parse(await home.ok("image", "inspect", "short"))[0].RepoTags).toEqual([
      "quay.io/team/one:1",
      "localhost/short:latest",
      "docker.io/x/y:2",
    ]);
    expect(await home.ok("rmi", "short", "x/y:2")).toBe(
      "Untagged: localhost/short:latest\nUntagged: docker.io/x/y:2",
    );
  });

  test("the last name takes the image with it, and all of its files", async () => {
    await home.ok("load", "-i", archive("gone", {}));
    const id = await idOf("team/gone:1");
    const before = readdirSync(join(home.store, "layers")).length;
    expect(await home.ok("rmi", "team/gone:1")).toBe(`Untagged: quay.io/team/gone:1\nDeleted: ${id}`);
    expect(readdirSync(join(home.store, "layers"))).toHaveLength(before - 1);
    expect(readdirSync(join(home.store, "blobs/sha256"))).not.toContain(id);
    await home.expectNothingStaged();
  });

  test("an unknown image is exit code 1; the others are removed all the same", async () => {
    await home.ok("tag", "bb", "also");
    const result = await home.coracle("rmi", "nope", "also");
    expect(result).toMatchObject({ exitCode: 1, stdout: "Untagged: localhost/also:latest\n" });
    expect(result.stderr).toMatch(/^Error: nope: image not known/);
    expect(await home.coracle("rmi", "--ignore", "nope")).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("an image of several names isn't removed by its id without force", async () => {
    await home.ok("load", "-i", archive("multi", {}));
    await home.ok("tag", "team/multi:1", "more");
    const id = await idOf("more");
    expect((await home.coracle("rmi", id)).stderr).toMatch(
      /by ID with more than one tag .*please force removal/,
    );
    expect(await home.ok("rmi", "-f", id)).toMatch(/^Untagged: .*\nUntagged: .*\nDeleted: [0-9a-f]{64}$/);
  });

  test("an image in use stays, exit code 2; --force removes its containers", async () => {
    await home.ok("load", "-i", archive("used", {}));
    const container = await home.ok("create", "team/used:1", "true");
    const result = await home.coracle("rmi", "team/used:1");
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`image used by ${container}: image is in use by a container`);
    expect(await home.ok("rmi", "--force", "team/used:1")).toMatch(/Deleted: /);
    expect(await home.ok("ps", "-aq")).toBe("");
  });

  test("what makes no sense is refused", async () => {
    expect(await home.coracle("rmi")).toMatchObject({ exitCode: 125 });
    expect(await home.coracle("rmi", "--all", "bb")).toMatchObject({ exitCode: 125 });
    expect((await home.coracle("tag", "bb", "Bad")).stderr).toMatch(/must be lowercase/);
    expect((await home.coracle("tag", "nope", "x")).stderr).toMatch(/nope: image not known/);
  });
});

test("the embedded image is there when it is asked for", async () => {
  expect(await home.coracle("image", "exists", "hello")).toMatchObject({ exitCode: 1 });
  const id = await home.ok("pull", "-q", "hello");
  expect(id).toBe(await idOf("localhost/hello:latest"));
  await home.ok("rmi", "hello");
});
