import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const create = (...args: string[]) => home.ok("volume", "create", ...args);

afterEach(async () => {
  await home.ok("volume", "rm", "--all", "--force");
});

describe("create and inspect", () => {
  test("the name is printed; a drawn one too", async () => {
    expect(await create("data")).toBe("data");
    expect(await create()).toMatch(/^[0-9a-f]{64}$/);
  });

  test("inspect has Podman's keys", async () => {
    await create("--label", "a=b", "--label", "c", "data");
    const [volume] = JSON.parse(await home.ok("volume", "inspect", "data"));
    expect(volume).toEqual({
      Name: "data",
      Driver: "local",
      Mountpoint: join(home.store, "volumes/data/_data"),
      CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      Labels: { a: "b", c: "" },
      Scope: "local",
      Options: {},
      MountCount: 0,
      NeedsCopyUp: true,
      NeedsChown: true,
    });
    expect(statSync(volume.Mountpoint).mode & 0o7777).toBe(0o755);
    writeFileSync(join(volume.Mountpoint, "file"), "");
    expect(await home.ok("volume", "inspect", "-f", "{{.NeedsCopyUp}} {{.Labels.a}}", "data")).toBe(
      "false b",
    );
  });

  test("an existing name is an error, unless that is ignored", async () => {
    await create("data");
    expect(await home.coracle("volume", "create", "data")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^Error: volume with name data already exists: volume already exists/),
    });
    expect(await create("--ignore", "data")).toBe("data");
  });

  test.each(["a/b", "../x", ".hidden"])("the name %s is refused", async (name) => {
    expect((await home.coracle("volume", "create", name)).stderr).toMatch(/names must match/);
  });

  test("other drivers and options are refused", async () => {
    expect((await home.coracle("volume", "create", "-d", "nfs", "x")).stderr).toMatch(
      /driver "nfs" is not supported/,
    );
    expect((await home.coracle("volume", "create", "-o", "type=tmpfs", "x")).stderr).toMatch(
      /not supported yet/,
    );
    expect(await home.ok("volume", "ls", "-q")).toBe("");
  });

  test("inspecting what doesn't exist", async () => {
    expect(await home.coracle("volume", "inspect", "nope")).toMatchObject({
      exitCode: 125,
      stdout: "[]\n",
      stderr: expect.stringMatching(/^Error: inspecting object: no such volume nope/),
    });
    expect(await home.coracle("volume", "exists", "nope")).toMatchObject({ exitCode: 1, stderr: "" });
  });
});

describe("ls", () => {
  test("a table, names alone, JSON, a template", async () => {
    await create("one");
    await create("--label", "x=y", "two");
    expect(await home.ok("volume", "ls")).toBe("DRIVER      VOLUME NAME\nlocal       one\nlocal       two");
    expect(await home.ok("volume", "ls", "-q")).toBe("one\ntwo");
    expect(JSON.parse(await home.ok("volume", "ls", "--format", "json"))).toHaveLength(2);
    expect(await home.ok("volume", "ls", "--format", "{{.Name}}:{{.Driver}}")).toBe("one:local\ntwo:local");
  });

  test.each([
    ["name=^o", "one"],
    ["label=x", "two"],
    ["label=x=y", "two"],
    ["label=x=z", ""],
    ["dangling=true", "one\ntwo"],
    ["driver=nfs", ""],
  ])("--filter %s", async (filter, names) => {
    await create("one");
    await create("--label", "x=y", "two");
    expect(await home.ok("volume", "ls", "-q", "--filter", filter)).toBe(names);
  });
});

describe("rm", () => {
  test("removed names are printed, unknown ones are exit code 1", async () => {
    await create("one");
    expect(await home.coracle("volume", "rm", "nope", "one")).toMatchObject({
      exitCode: 1,
      stdout: "one\n",
      stderr: expect.stringMatching(/^Error: no volume with name "nope" found: no such volume/),
    });
  });

  test("one that a container uses stays, exit code 2; --force removes the container", async () => {
    await create("data");
    const id = await home.ok("create", "-v", "data:/data", "bb", "true");
    const result = await home.coracle("volume", "rm", "data");
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`volume data is being used by the following container(s): ${id}`);
    expect(await home.ok("volume", "ls", "-q", "--filter", "dangling=false")).toBe("data");
    expect(await home.ok("volume", "rm", "--force", "data")).toBe("data");
    expect(await home.ok("ps", "-aq")).toBe("");
  });
});

test("what one container writes another reads", async () => {
  await create("data");
  const run = ["run", "--rm", "--network", "none", "-v", "data:/data", "bb", "sh", "-c"];
  await home.ok(...run, "echo kept >/data/file");
  expect(await home.ok(...run, "cat /data/file")).toBe("kept");
});
