import { readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });
const ids: Record<string, string> = {};
const names = async (...args: string[]) =>
  (await home.ok("ps", ...args, "--format", "{{.Names}}")).split("\n").filter(Boolean).sort();

beforeAll(async () => {
  const run = (name: string, ...args: string[]) => home.ok("run", "-d", "--name", name, ...args);
  ids.web = await run(
    "web",
    "--network",
    "none",
    "--label",
    "tier=front",
    "--label",
    "x=1",
    "-v",
    "data:/data",
    "bb",
    "sleep",
    "1000",
  );
  ids.frozen = await run("frozen", "--network", "none", "--label", "tier=back", "bb", "sleep", "1000");
  await home.ok("pause", "frozen");
  ids.done = await run("done", "--network", "none", "bb", "sh", "-c", "exit 3");
  await home.ok("wait", "done");
  ids.fresh = await home.ok("create", "--name", "fresh", "bb", "a-command-with-a-long-name", "argument");
});
afterAll(async () => {
  await home.coracle("rm", "-a", "-f", "-t", "0");
});

test("shows what runs, --all everything, oldest first", async () => {
  expect(await names()).toEqual(["web"]);
  expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("web\nfrozen\ndone\nfresh");
  expect(await names("-a")).toEqual(["done", "fresh", "frozen", "web"]);
});

test("the table", async () => {
  const [header, ...rows] = (await home.ok("ps", "-a")).split("\n");
  expect(header).toMatch(/^CONTAINER ID {2}IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES *$/);
  const row = (name: string) => rows.find((line) => line.trimEnd().endsWith(` ${name}`)) ?? "";
  expect(row("web")).toMatch(
    new RegExp(`^${ids.web?.slice(0, 12)}  localhost/bb:latest +sleep 1000 +\\S.* ago +Up .*`),
  );
  expect(row("frozen")).toContain("Paused");
  expect(row("done")).toMatch(/Exited \(3\) .* ago/);
  expect(row("fresh")).toMatch(/a-command-with-a-... .*Created/);
  expect((await home.ok("ps", "-a", "--noheading")).split("\n")).toHaveLength(4);
});

test("--quiet and --no-trunc", async () => {
  expect((await home.ok("ps", "-q")).split("\n").sort()).toEqual([ids.web].map((id) => id?.slice(0, 12)));
  expect((await home.ok("ps", "-q", "--no-trunc")).split("\n").sort()).toEqual([ids.web]);
  expect(await home.ok("ps", "-a", "--no-trunc")).toContain("a-command-with-a-long-name argument");
});

test("--latest and --last", async () => {
  expect(await names("--latest")).toEqual(["fresh"]);
  expect(await names("--last", "2")).toEqual(["done", "fresh"]);
});

test("--size", async () => {
  expect(await home.ok("ps", "-s", "--format", "{{.Names}} {{.Size}}")).toMatch(
    /^web \d.*B \(virtual \d.*MB\)$/m,
  );
});

describe("--filter", () => {
  test.each([
    ["status=exited", ["done"]],
    ["status=created", ["fresh"]],
    ["status=paused", ["frozen"]],
    ["status=running", ["web"]],
    ["exited=3", ["done"]],
    ["exited=0", []],
    ["name=we", ["web"]],
    ["name=^fro", ["frozen"]],
    ["label=tier", ["frozen", "web"]],
    ["label=tier=front", ["web"]],
    ["label!=tier=front", ["done", "fresh", "frozen"]],
    ["ancestor=bb", ["done", "fresh", "frozen", "web"]],
    ["ancestor=nosuch", []],
    ["volume=data", ["web"]],
    ["volume=/data", ["web"]],
    ["before=done", ["frozen", "web"]],
    ["since=done", ["fresh"]],
    ["network=none", []],
  ])("%s", async (filter, expected) => {
    expect(await names("-a", "--filter", filter)).toEqual(expected);
  });

  test("id, several of one kind, several kinds", async () => {
    expect(await names("-a", "-f", `id=${ids.web?.slice(0, 10)}`)).toEqual(["web"]);
    expect(await names("-a", "-f", "status=exited", "-f", "status=created")).toEqual(["done", "fresh"]);
    expect(await names("-a", "-f", "label=tier", "-f", "status=paused")).toEqual(["frozen"]);
  });

  test("of an unknown kind is an error", async () => {
    const result = await home.coracle("ps", "--filter", "nosuch=1");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: .*nosuch.*\n$/);
  });

  test("for a state that there isn't is an error", async () => {
    const result = await home.coracle("ps", "--filter", "status=runing");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: unknown container state: runing.*running.*\n$/);
  });
});

describe("--format", () => {
  test.each([
    ["{{.ID}}", () => ids.web?.slice(0, 12)],
    ["{{.Image}} {{.Command}} {{.State}}", () => "localhost/bb:latest sleep 1000 running"],
    ["{{.Labels}}|{{.Mounts}}|{{.Networks}}", () => "map[tier:front x:1]|[/data]|"],
    ["{{json .Names}}", () => '"web"'],
    ["{{.Names | upper}} {{if .Names}}yes{{end}}", () => "WEB yes"],
  ])("%s", async (format, expected) => {
    expect(await home.ok("ps", "--filter", "name=web", "--format", format)).toBe(expected());
  });

  test("table with own columns has a header", async () => {
    expect(
      (await home.ok("ps", "-f", "name=web", "--format", "table {{.Names}} {{.Status}}")).split("\n")[0],
    ).toMatch(/^NAMES +STATUS$/);
  });

  test("json is a list that Podman's users know", async () => {
    const list = JSON.parse(await home.ok("ps", "-a", "--format", "json"));
    const web = list.find((one: { Names: string[] }) => one.Names[0] === "web");
    expect(web).toMatchObject({
      Id: ids.web,
      Names: ["web"],
      Image: "localhost/bb:latest",
      ImageID: expect.stringMatching(/^[0-9a-f]{64}$/),
      Command: ["sleep", "1000"],
      State: "running",
      Exited: false,
      ExitCode: 0,
      Labels: { tier: "front", x: "1" },
      Mounts: ["/data"],
      Pid: expect.any(Number),
      AutoRemove: false,
    });
    expect(list.find((one: { Names: string[] }) => one.Names[0] === "done")).toMatchObject({
      State: "exited",
      Exited: true,
      ExitCode: 3,
      Pid: 0,
    });
    expect(JSON.parse(await home.ok("ps", "-f", "name=nosuch", "--format", "json"))).toEqual([]);
  });

  test("json has the namespaces with --ns", async () => {
    const [web] = JSON.parse(await home.ok("ps", "--ns", "-f", "name=web", "--format", "json"));
    const inode = (name: string) => /\d+/.exec(readlinkSync(`/proc/${web.Pid}/ns/${name}`))?.[0];
    expect(web.Namespaces).toEqual({
      Mnt: inode("mnt"),
      Cgroup: inode("cgroup"),
      Ipc: inode("ipc"),
      Net: inode("net"),
      Pidns: inode("pid"),
      Uts: inode("uts"),
      User: inode("user"),
    });
    expect(await home.ok("ps", "--ns", "-f", "name=web", "--format", "{{.Namespaces}}")).toBe(
      `{${["mnt", "cgroup", "ipc", "net", "pid", "uts", "user"].map(inode).join(" ")}}`,
    );
    expect(JSON.parse(await home.ok("ps", "--format", "json"))[0].Namespaces).toEqual({});
  });

  test("of the size without --size is told", async () => {
    expect(await home.coracle("ps", "--format", "{{.Names}}|{{.Size}}")).toMatchObject({
      exitCode: 0,
      stdout: "web|\n",
      stderr: expect.stringMatching(/^time="\S+" level=error msg="Size format requires --size option"\n$/),
    });
  });

  test("that doesn't parse is an error", async () => {
    const result = await home.coracle("ps", "--format", "{{.Names");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: .*\n$/);
    expect((await home.coracle("ps", "-a", "--format", "{{.NoSuchField}}")).exitCode).toBe(125);
  });
});

describe("--sort", () => {
  test.each([
    ["names", ["done", "fresh", "frozen", "web"]],
    // All are equal: the oldest comes first.
    ["image", ["web", "frozen", "done", "fresh"]],
    ["status", ["fresh", "done", "frozen", "web"]],
  ])("%s", async (key, expected) => {
    expect((await home.ok("ps", "-a", "--sort", key, "--format", "{{.Names}}")).split("\n")).toEqual(
      expected,
    );
  });

  test("by what is unknown is an error", async () => {
    expect(await home.coracle("ps", "--sort", "nosuch")).toMatchObject({ exitCode: 125, stdout: "" });
  });
});

test("a container that ends by itself is shown as ended", async () => {
  await home.ok("run", "-d", "--name", "brief", "--network", "none", "bb", "sleep", "0.05");
  await waitUntil(
    async () =>
      (await home.ok("ps", "-a", "-f", "name=brief", "--format", "{{.Status}}")).startsWith("Exited (0)"),
    { what: "the end" },
  );
  await home.ok("rm", "brief");
});

test("container ls, container list, and ps arguments are the same command", async () => {
  expect(await home.ok("container", "ls", "-q")).toBe(await home.ok("ps", "-q"));
  expect(await home.coracle("ps", "surplus")).toMatchObject({ exitCode: 125 });
});
