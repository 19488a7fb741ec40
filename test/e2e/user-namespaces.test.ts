import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

/** Lines of a mapping in a new container, `0:1:1000`. */
async function mapping(file: "uid_map" | "gid_map", ...flags: string[]): Promise<string[]> {
  const text = await home.ok("run", "--rm", "--network", "none", ...flags, "bb", "cat", `/proc/self/${file}`);
  return text.split("\n").map((line) => line.trim().split(/\s+/).join(":"));
}

test("--uidmap and --gidmap map ids of the shared namespace", async () => {
  expect(await mapping("uid_map", "--uidmap", "0:1:1000")).toEqual(["0:1:1000"]);
  expect(await mapping("gid_map", "--uidmap", "0:1:1000")).toEqual(["0:1:1000"]);
  expect(await mapping("gid_map", "--uidmap", "0:0:1", "--gidmap", "0:1:100")).toEqual(["0:1:100"]);
  expect(await mapping("uid_map", "--uidmap", "+5:0:1")).toEqual(expect.arrayContaining(["0:1:5", "5:0:1"]));
});

test("files of the image belong to who they belong to there, new ones to the mapped id on the host", async () => {
  const flags = ["--network", "none", "--uidmap", "0:1000:2000", "--name", "mapped"];
  const out = await home.ok(
    "run",
    ...flags,
    "bb",
    "sh",
    "-c",
    "stat -c %u:%g /home/guest /bin; echo x > /f; stat -c %u /f",
  );
  expect(out).toBe("1000:1000\n0:0\n0");
  expect(
    await home.ok("inspect", "mapped", "--format", "{{.HostConfig.UsernsMode}} {{.HostConfig.IDMappings}}"),
  ).toBe("private {[0:1000:2000] [0:1000:2000]}");
  await home.ok("rm", "mapped");
});

test("@ asks for an id of the host", async () => {
  const flags = [
    "--uidmap",
    `0:1:3:3:@${process.getuid?.()}:1`,
    "--gidmap",
    `0:1:9:9:@${process.getgid?.()}:1`,
  ];
  expect(await mapping("uid_map", ...flags, "--user", "3:9")).toEqual(["0:1:3", "3:0:1"]);
  expect(await mapping("gid_map", ...flags)).toEqual(["0:1:9", "9:0:1"]);
});

test("--userns=auto gives every container ids of its own", async () => {
  const make = (name: string, ...flags: string[]) =>
    home.ok(
      "create",
      "--network",
      "none",
      "--userns",
      flags[0] ?? "auto",
      "--name",
      name,
      "bb",
      "cat",
      "/proc/self/uid_map",
    );
  await Promise.all([make("auto1"), make("auto2"), make("auto3", "auto:size=100")]);
  const maps = await Promise.all(
    ["auto1", "auto2", "auto3"].map((name) => home.ok("start", "--attach", name)),
  );
  const ranges = maps
    .map((line) => line.trim().split(/\s+/).map(Number))
    .sort((a, b) => Number(a[1]) - Number(b[1]));
  expect(ranges.map(([, , size]) => size).sort()).toEqual([100, 1024, 1024]);
  let next = 1;
  for (const [inside, outside, size] of ranges) {
    expect(inside).toBe(0);
    expect(outside).toBe(next);
    next += Number(size);
  }
  await home.ok("rm", "auto1", "auto2", "auto3");
  expect(await mapping("uid_map", "--userns", "auto:size=10,uidmapping=0:5:1")).toEqual([
    "0:5:1",
    "1:1:4",
    "5:6:5",
  ]);
  const tooMany = await home.coracle("run", "--rm", "--userns", "auto:size=1000000", "bb", "true");
  expect(tooMany).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("not enough unused IDs in user namespace"),
  });
});

test("--userns=nomap leaves the caller out, keep-id:size has as many ids as asked for", async () => {
  expect((await mapping("uid_map", "--userns", "nomap"))[0]).toMatch(/^0:1:\d+$/);
  const ids = await mapping("uid_map", "--userns", "keep-id:uid=3,gid=4,size=10");
  expect(ids).toEqual(["0:1:3", "3:0:1", "4:4:6"]);
});

test("--subuidname takes the ranges of a name that the caller may use", async () => {
  const name = (await home.exec(["id", "-un"])).stdout.trim();
  expect((await mapping("uid_map", "--subuidname", name))[0]).toMatch(/^0:1:\d+$/);
  expect(await home.coracle("run", "--rm", "--subuidname", "no-such-name", "bb", "true")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('no subuid ranges found for user "no-such-name" in /etc/subuid'),
  });
});

test("--userns and maps exclude each other", async () => {
  expect(
    await home.coracle("run", "--rm", "--userns", "host", "--uidmap", "0:0:1", "bb", "true"),
  ).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive",
    ),
  });
});

test("PODMAN_USERNS says what no flag says", async () => {
  const env = { PODMAN_USERNS: "keep-id" };
  const id = async (...flags: string[]) =>
    (await home.run(["run", "--rm", "--network", "none", ...flags, "bb", "id", "-u"], { env })).stdout;
  expect(await id()).toBe(`${process.getuid?.()}\n`);
  expect(await id("--userns", "host")).toBe("0\n");
  // Ids that are no neighbours on the host.
  expect(await id("--uidmap", "0:0:5")).toBe("0\n");
});

test("--group-add keep-groups keeps the caller's groups, also for exec", async () => {
  await home.ok(
    "run",
    "-d",
    "--name",
    "keeps",
    "--network",
    "none",
    "--group-add",
    "keep-groups",
    "bb",
    "sleep",
    "1000",
  );
  const groups = (text: string) => /^Groups:\s*(.*?)\s*$/m.exec(text)?.[1];
  const own = groups(readFileSync("/proc/self/status", "utf8"));
  const pid = await home.ok("inspect", "--format", "{{.State.Pid}}", "keeps");
  expect(groups(readFileSync(`/proc/${pid}/status`, "utf8"))).toBe(own);
  // The caller is root there.
  expect(groups(await home.ok("exec", "keeps", "cat", "/proc/self/status"))).toContain("0");
  await home.ok("rm", "-f", "-t", "0", "keeps");
});

test("the lines of added users are in the container's own files, which usermod can replace", async () => {
  const { stdout } = await home.exec(["id", "-un"]);
  const look = "tail -n1 /etc/passwd; tail -n1 /etc/group; stat -c '%a %u:%g' /etc/passwd";
  const replace =
    "for f in passwd group; do sed 's/^/x/;s/^x//' /etc/$f >/etc/$f+ && mv /etc/$f+ /etc/$f; done";
  const script = `${look}; ${replace} && grep -cE '/etc/(passwd|group) ' /proc/self/mountinfo; grep -c ${stdout.trim()} /etc/passwd`;
  const flags = ["--network", "none", "--userns", "keep-id", "--user", "root"];
  const first = await home.ok("run", ...flags, "--name", "own", "bb", "sh", "-c", script);
  const lines = first.split("\n");
  expect(lines[0]).toMatch(new RegExp(`^${stdout.trim()}:\\*:${process.getuid?.()}:${process.getgid?.()}:`));
  expect(lines[1]).toMatch(new RegExp(`:x:${process.getgid?.()}:${stdout.trim()}$`));
  expect(lines.slice(2)).toEqual(["644 0:0", "0", "1"]);
  expect(await home.ok("start", "-a", "own")).toBe(first);
  expect(await home.ok("diff", "own")).toContain("C /etc/passwd");
  await home.ok("rm", "own");
});

test("they are bound over files that can't be written, and over those of a mount on /etc", async () => {
  const tail = (...flags: string[]) =>
    home.ok(
      "run",
      "--rm",
      "--network",
      "none",
      "--user",
      "1234",
      ...flags,
      "bb",
      "sh",
      "-c",
      "tail -n1 /etc/passwd; grep ' /etc/passwd ' /proc/self/mountinfo | wc -l",
    );
  expect(await tail()).toBe("1234:*:1234:0:container user:/:/bin/sh\n0");
  expect(await tail("--read-only")).toBe("1234:*:1234:0:container user:/:/bin/sh\n1");
  expect(await tail("-v", "etc:/etc")).toBe("1234:*:1234:0:container user:/:/bin/sh\n1");
  await home.ok("volume", "rm", "etc");
});
