import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { useHome } from "../support/home.ts";
import { busyboxEntries, imageArchive } from "../support/images.ts";
import { waitUntil } from "../support/process.ts";

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
      LockNumber: 0,
    });
    expect(statSync(volume.Mountpoint).mode & 0o7777).toBe(0o755);
    writeFileSync(join(volume.Mountpoint, "file"), "");
    expect(await home.ok("volume", "inspect", "-f", "{{.Scope}} {{.Labels.a}}", "data")).toBe("local b");
  });

  test("an existing name is an error, unless that is ignored", async () => {
    await create("known");
    expect(await home.coracle("volume", "create", "known")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(/^Error: volume with name known already exists: volume already exists/),
    });
    expect(await create("--ignore", "known")).toBe("known");
    const filters = ["--filter", "volume=known", "--filter", "event=create"];
    expect(await home.ok("events", "--stream=false", ...filters, "--format", "{{.Status}}")).toBe("create");
  });

  test.each(["a/b", "../x", ".hidden"])("the name %s is refused", async (name) => {
    expect((await home.coracle("volume", "create", name)).stderr).toMatch(/names must match/);
  });

  test("the owner, the labels, the options", async () => {
    await create("--opt", "o=uid=5,gid=6", "--label", "z", "--label", "a=b=c", "owned");
    await create("--uid", "7", "flagged");
    const format = "{{.UID}} {{.GID}} {{.Options}} {{.Labels}} {{.Anonymous}} {{.NeedsChown}}";
    expect(await home.ok("volume", "inspect", "--format", format, "owned", "flagged")).toBe(
      "5 6 map[GID:6 UID:5 o:uid=5,gid=6] map[a:b=c z:] false false\n7 0 map[] map[] false false",
    );
  });

  test.each([
    [
      ["-d", "nfs", "x"],
      "volume x uses volume plugin nfs but it could not be retrieved: no volume plugin with name nfs available: required plugin missing",
    ],
    [["-o", "foo=bar"], "invalid mount option foo for driver 'local': invalid argument"],
    [["-o", "o=uid=x"], 'cannot convert UID x to integer: strconv.Atoi: parsing "x": invalid syntax'],
    [
      ["-o", "o=size=1m"],
      "volume options size and inodes not supported. Filesystem does not support Project Quota",
    ],
    [
      ["-o", "type=bind", "-o", "device=/no/such"],
      "invalid volume option device for driver 'local': stat /no/such: no such file or directory",
    ],
    [
      ["--uid", "-5", "v"],
      /^chowning volume directory "\S+\/v\/_data" to -5:0: lchown \S+: invalid argument/,
    ],
    [["--gid", "99999999"], /^chowning volume directory "\S+" to 0:99999999: lchown \S+: invalid argument/],
    [["--label", "=b"], 'unable to process labels: invalid label format: "=b"'],
    [
      ["-d", "image"],
      "must provide an image name when creating a volume with the image driver: invalid argument",
    ],
    [
      ["-d", "image", "-o", "image=nope"],
      "looking up image nope to create volume failed: nope: image not known",
    ],
  ])("%j is refused", async (flags, message) => {
    const { exitCode, stderr } = await home.coracle("volume", "create", ...flags);
    expect(exitCode).toBe(125);
    const said = stderr.replace(/^Error: /, "");
    expect(typeof message === "string" ? said.startsWith(message) : message.test(said)).toBe(true);
    expect(await home.ok("volume", "ls")).toBe("DRIVER      VOLUME NAME");
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
    ["name=(", ""],
    ["label=x", "two"],
    ["label=x=y", "two"],
    ["label=x=z", ""],
    ["dangling=true", "one\ntwo"],
    ["driver=nfs", ""],
    ["label!=x", "one"],
    ["label=*", "two"],
    ["opt=o", "one"],
    ["until=1h", ""],
    ["since=one", "two"],
    ["scope=local", "one\ntwo"],
  ])("--filter %s", async (filter, names) => {
    await create("--opt", "o=uid=1", "one");
    await create("--label", "x=y", "two");
    expect(await home.ok("volume", "ls", "-q", "--filter", filter)).toBe(names);
  });
});

test("a filter that makes no sense", async () => {
  const failure = async (filter: string) => (await home.coracle("volume", "ls", "-f", filter)).stderr;
  expect(await failure("foo=bar")).toMatch(/^Error: "foo" is an invalid volume filter/);
  expect(await failure("foo")).toMatch(
    /^Error: filter input must be in the form of filter=value: foo is invalid/,
  );
  expect(await failure("dangling=x")).toMatch(
    /^Error: "x" is not a valid value for the "dangling" filter - must be true or false/,
  );
  expect(await failure("until=x")).toMatch(/^Error: failed to parse value as time or duration: "x"/);
});

describe("prune", () => {
  const warning =
    "WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:\n";

  test("asks first, and takes what no container uses", async () => {
    expect(await home.ok("volume", "prune")).toBe(`${warning}No dangling volumes found`);
    await create("one");
    await create("--label", "x", "two");
    const id = await home.ok("create", "-v", "used:/data", "bb", "true");
    const question = `${warning}one\ntwo\nAre you sure you want to continue? [y/N] `;
    expect(await home.run(["volume", "prune"], { input: "n\n" })).toMatchObject({
      exitCode: 0,
      stdout: question,
    });
    expect(await home.run(["volume", "prune"], { input: "" })).toMatchObject({
      exitCode: 125,
      stdout: question,
    });
    expect(await home.ok("volume", "prune", "--force", "--filter", "label=x")).toBe("two");
    expect(await home.run(["volume", "prune"], { input: "y\n" })).toMatchObject({
      stdout: `${warning}one\nAre you sure you want to continue? [y/N] one\n`,
    });
    expect(await home.ok("volume", "ls", "-q")).toBe("used");
    await home.ok("rm", id);
  });
});

test("export and import carry the content over", async () => {
  await create("from");
  await create("to");
  const run = (volume: string, script: string) =>
    home.ok("run", "--rm", "--network", "none", "-v", `${volume}:/d`, "bb", "sh", "-c", script);
  await run("from", "mkdir -m 700 /d/sub; echo hi >/d/sub/file; chown -R 5:6 /d/sub");
  const file = join(home.env.HOME as string, "volume.tar");
  expect(await home.ok("volume", "export", "--output", file, "from")).toBe("");
  expect(await home.ok("volume", "import", "to", file)).toBe("");
  const look = "cd /d; stat -c '%n %a %u:%g' sub sub/file; cat sub/file";
  expect(await run("to", look)).toBe("sub 700 5:6\nsub/file 644 5:6\nhi");
  const { stdoutBytes } = await home.coracle("volume", "export", "from");
  await run("to", "rm -r /d/sub");
  expect(await home.run(["volume", "import", "to", "-"], { input: gzipSync(stdoutBytes) })).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
  expect(await run("to", look)).toBe("sub 700 5:6\nsub/file 644 5:6\nhi");
  expect(await home.coracle("volume", "export", "nope")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/^Error: no volume with name "nope" found: no such volume/),
  });
  expect((await home.coracle("volume", "import", "to", "/no/such.tar")).stderr).toMatch(
    /^Error: open \/no\/such.tar: no such file or directory/,
  );
  expect(await home.run(["volume", "import", "to", "-"], { input: "garbage" })).toMatchObject({
    exitCode: 125,
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

describe("the first use", () => {
  const inContainer = (volume: string, script: string) =>
    home.ok("run", "--rm", "--network", "none", "-v", volume, "bb", "sh", "-c", script);
  const look = "stat -c '%u:%g %a' /home; ls /home";
  const needs = async (name: string) =>
    (await home.ok("volume", "inspect", "--format", "{{.NeedsCopyUp}} {{.NeedsChown}}", name)).trim();

  test("fills a volume once, and gives its root an owner for as long as it is empty", async () => {
    await create("v");
    expect(await needs("v")).toBe("true true");
    const run = ["run", "--network", "none", "--name", "a", "-v", "v:/nowhere"];
    for (const owner of ["7:8", "5:6"]) {
      expect(await home.ok(...run, "-u", owner, "--replace", "bb", "stat", "-c", "%u:%g", "/nowhere")).toBe(
        owner,
      );
    }
    // A mount point that is left of an earlier start is not the image's.
    expect(await home.ok("start", "-a", "a")).toBe("5:6");
    const format = "{{.UID}}:{{.GID}} {{.NeedsChown}}";
    expect(await home.ok("volume", "inspect", "--format", format, "v")).toBe("5:6 true");
    expect(await inContainer("v:/home", look)).toBe("0:0 755\nguest");
    expect(await needs("v")).toBe("false false");
    await inContainer("v:/home", "rmdir /home/guest; chown 5:6 /home; chmod 711 /home");
    expect(await inContainer("v:/home", look)).toBe("5:6 711");
  });

  describe("with much to copy", () => {
    const count = 4000;
    const files = Array.from({ length: count }, (_, i) => ({ path: `big/${i}`, data: `${i}\n` }));
    const flags = [
      "--network",
      "none",
      "-v",
      "v:/big",
      "big",
      "sh",
      "-c",
      "ls /big | wc -l; stat -c %u:%g /big",
    ];
    let filling: string;

    beforeEach(async () => {
      const layers = [[...busyboxEntries(), ...files]];
      const archive = imageArchive("volume-big", { reference: "localhost/big:latest", config: {}, layers });
      await home.ok("load", "-q", "-i", archive);
      await create("--opt", "o=uid=7,gid=8", "v");
      const mountpoint = await home.ok("volume", "inspect", "--format", "{{.Mountpoint}}", "v");
      filling = join(mountpoint, "../filling");
    });

    const complete = (exitCode = 0) => expect.objectContaining({ exitCode, stdout: `${count}\n7:8\n` });

    test("nobody sees a part of it", async () => {
      const all = await Promise.all(Array.from({ length: 3 }, () => home.coracle("run", "--rm", ...flags)));
      expect(all).toEqual([complete(), complete(), complete()]);
    });

    test("what a killed command has begun the next one completes", async () => {
      const killed = home.start(["run", "--rm", ...flags]);
      await waitUntil(() => existsSync(filling), { what: "the first files" });
      killed.child.kill("SIGKILL");
      await killed.done;
      expect(existsSync(filling)).toBe(true);
      expect(await home.coracle("run", "--rm", ...flags)).toEqual(complete());
      expect(existsSync(filling)).toBe(false);
    });
  });

  test("leaves the owner that was asked for", async () => {
    await create("--opt", "o=uid=7,gid=8", "v");
    expect(await inContainer("v:/home", look)).toBe("7:8 755\nguest");
  });

  test("leaves one with contents to whom it is", async () => {
    await create("v");
    const mountpoint = await home.ok("volume", "inspect", "--format", "{{.Mountpoint}}", "v");
    writeFileSync(join(mountpoint, "file"), "");
    expect(await inContainer("v:/home/guest", "stat -c '%u:%g' /home/guest; ls /home/guest")).toBe(
      "0:0\nfile",
    );
    expect(await needs("v")).toBe("true false");
  });

  test.each([
    ["when the mount is made so", [], ":nocopy", "true false"],
    ["when the volume is made so", ["--opt", "nocopy"], "", "false false"],
  ])("fills nothing %s", async (_when, flags, option, expected) => {
    await create(...flags, "v");
    expect(await inContainer(`v:/home${option}`, look)).toBe("0:0 755");
    expect(await needs("v")).toBe(expected);
  });
});

test("nocreate: a volume has to be there", async () => {
  const run = (...flags: string[]) =>
    home.coracle("run", "--rm", "--network", "none", ...flags, "bb", "true");
  const missing = /^Error: no volume with name "v" found: no such volume; .*coracle volume create v/;
  for (const flags of [
    ["-v", "v:/data:nocreate"],
    ["--mount", "type=volume,src=v,dst=/data,nocreate"],
  ]) {
    expect((await run(...flags)).stderr).toMatch(missing);
    expect(await home.ok("volume", "ls", "-q")).toBe("");
    expect(await home.ok("ps", "-aq")).toBe("");
    await create("v");
    expect(await run(...flags)).toMatchObject({ exitCode: 0, stderr: "" });
    await home.ok("volume", "rm", "v");
  }
  expect((await run("-v", "/tmp:/data:nocreate")).stderr).toMatch(/^Error: invalid option type "nocreate"/);
});

test("a container can't put something else in the place of a volume that another one takes over from it", async () => {
  await home.ok("volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "lent");
  const script = "echo own >/a/b/m/f; mv /a/b /a/c; mkdir /a/b; ln -s /etc /a/b/m; touch /moved; sleep 1000";
  const first = ["run", "-d", "--name", "lender", "--network", "none", "-v", "lent:/a/b/m", "bb", "sh", "-c"];
  await home.ok(...first, script);
  await waitUntil(async () => (await home.coracle("exec", "lender", "test", "-e", "/moved")).exitCode === 0);
  const second = ["run", "--rm", "--network", "none", "-v", "lent:/x", "bb", "ls", "/x"];
  expect(await home.ok(...second)).toBe("f");
  // From outside it is what the container's monitor has, and nothing when nobody has it.
  const exported = async () => {
    const { stdoutBytes } = await home.coracle("volume", "export", "lent");
    return execFileSync("tar", ["-xO"], { input: stdoutBytes }).toString();
  };
  expect(await exported()).toBe("own\n");
  const input = tar([{ path: "brought", data: "in\n" }]);
  expect(await home.run(["volume", "import", "lent", "-"], { input })).toMatchObject({ exitCode: 0 });
  expect(await home.ok("exec", "lender", "cat", "/a/c/m/brought")).toBe("in");
  await home.ok("rm", "-f", "-t", "0", "lender");
  expect(await exported()).toBe("");
  await home.ok("volume", "rm", "lent");
});

test("a volume with options is mounted, and all containers that run see the same", async () => {
  const run = (...args: string[]) => home.ok("run", "--rm", "--network", "none", ...args);
  await home.ok(
    "volume",
    "create",
    "--opt",
    "type=tmpfs",
    "--opt",
    "device=tmpfs",
    "--opt",
    "o=size=2m,noexec",
    "ram",
  );
  expect(await run("-v", "ram:/m", "bb", "sh", "-c", "touch /m/a; grep ' /m ' /proc/mounts")).toMatch(
    /^tmpfs \/m tmpfs \S*noexec\S*size=2048k/,
  );
  // Gone with the last one that had it.
  const script = "ls /m; echo shared >/m/f; sleep 1000";
  await home.ok(
    "run",
    "-d",
    "--name",
    "first",
    "--network",
    "none",
    "-v",
    "ram:/m",
    "bb",
    "sh",
    "-c",
    script,
  );
  await waitUntil(async () => (await home.coracle("exec", "first", "test", "-s", "/m/f")).exitCode === 0);
  expect(await home.ok("logs", "first")).toBe("");
  expect(await run("-v", "ram:/x", "bb", "sh", "-c", "cat /x/f; echo more >>/x/f")).toBe("shared");
  expect(await home.ok("exec", "first", "cat", "/m/f")).toBe("shared\nmore");
  await home.ok("rm", "-f", "-t", "0", "first");

  const host = join(home.env.HOME as string, "device");
  mkdirSync(host);
  writeFileSync(join(host, "h"), "host");
  await home.ok(
    "volume",
    "create",
    "--opt",
    "type=none",
    "--opt",
    "o=bind,ro",
    "--opt",
    `device=${host}`,
    "bound",
  );
  expect(await run("-v", "bound:/m", "bb", "sh", "-c", "cat /m/h; touch /m/no 2>/dev/null || echo ro")).toBe(
    "hostro",
  );

  await home.ok("volume", "create", "--driver", "image", "--opt", "image=bb", "tree");
  await run("-v", "tree:/m", "bb", "sh", "-c", "echo kept >/m/etc/new");
  expect(await run("-v", "tree:/m", "bb", "sh", "-c", "cat /m/etc/new; ls /m/etc")).toBe(
    "kept\ngroup\nnew\npasswd",
  );
  await home.ok("volume", "rm", "ram", "bound", "tree");
  // What uses an image goes with it, if it has to: the volume, and the containers of that.
  const layer = join(home.directory, "layer.tar");
  writeFileSync(layer, tar([{ path: "x" }]));
  await home.ok("import", "-q", layer, "small:1");
  await home.ok("volume", "create", "--driver", "image", "--opt", "image=small:1", "tree");
  await home.ok("create", "-v", "tree:/m", "bb");
  expect(await home.coracle("rmi", "small:1")).toMatchObject({ exitCode: 2 });
  await home.ok("rmi", "--force", "small:1");
  expect(await home.ok("ps", "-aq")).toBe("");
  expect(await home.coracle("volume", "exists", "tree")).toMatchObject({ exitCode: 1 });
  expect(readdirSync(host)).toEqual(["h"]);
});
