/** info, version, doctor, system check, system reset. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { run as runProgram } from "../support/process.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));

describe("version and info", () => {
  test("version", async () => {
    expect(await home.ok("version")).toMatch(
      new RegExp(`^Client:.*\nVersion: +${version.replaceAll(".", "\\.")}$`, "m"),
    );
    expect(await home.ok("version", "--format", "{{.Client.Version}}")).toBe(version);
    expect(JSON.parse(await home.ok("version", "--format", "json"))).toMatchObject({
      Client: { Version: version },
    });
    // As in Podman, where there is no server.
    expect(await home.ok("version", "--format", "{{.Server.Version}} {{.Version}}")).toBe(
      `${version} ${version}`,
    );
    expect(await home.ok("--version")).toBe(`coracle version ${version}`);
  });

  test("info, as YAML, by template and as JSON", async () => {
    expect(await home.ok("info")).toMatch(/^host:\n {2}arch: \w+$/m);
    expect(await home.ok("info", "--format", "{{.Host.OS}} {{.Store.GraphRoot}}")).toBe(
      `linux ${home.store}`,
    );
    const info = JSON.parse(await home.ok("info", "--format", "json"));
    expect(info).toMatchObject({
      host: { security: { rootless: true }, cgroupVersion: "v2", ociRuntime: { name: expect.any(String) } },
      store: { graphRoot: home.store, imageStore: { number: 1 }, containerStore: { number: 0 } },
      version: { Version: version },
    });
    expect(await home.ok("info", "--format", "{{(index .Host.IDMappings.UIDMap 0).ContainerID}}")).toBe("0");
  });
});

test("info has all fields of Podman's, with values of the same types", async (context) => {
  skipUnless(context, hasProgram("podman"));
  const { stdout } = await home.exec(["podman", "info", "--format", "json"]);
  const ours = JSON.parse(await home.ok("info", "--format", "json"));
  expect(differingTypes(JSON.parse(stdout), ours, "info")).toEqual([]);
  await home.exec(["podman", "system", "reset", "--force"]);
});

/** Paths of what the second lacks of the first, or has with another type; keys of maps, which depend on the machine, aside. */
function differingTypes(theirs: unknown, ours: unknown, path: string): string[] {
  const kind = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
  if (kind(theirs) !== kind(ours)) return [`${path}: ${kind(theirs)}, ${kind(ours)}`];
  if (kind(theirs) !== "object" || /\.(graphOptions|graphStatus|registries)$/.test(path)) return [];
  return Object.entries(theirs as object).flatMap(([key, value]) =>
    differingTypes(value, (ours as Record<string, unknown>)[key], `${path}.${key}`),
  );
}

test("what Podman's scripts call has nothing to do here", async () => {
  for (const name of ["migrate", "renumber"]) {
    expect(await home.coracle("system", name)).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  }
  expect(await home.ok("system", "migrate", "--help")).toContain("Nothing has to be migrated");
});

test.each(["system connection ls", "system service -t 0", "image scp -q a b::", "image sign --sign-by k bb"])(
  "%s: not supported yet",
  async (line) => {
    const path = line.split(" ").slice(0, 2).join(" ");
    expect(await home.coracle(...line.split(" "))).toMatchObject({
      exitCode: 125,
      stderr: `Error: coracle ${path}: not supported yet\n`,
    });
  },
);

describe("system df", () => {
  const json = async () => JSON.parse(await home.ok("system", "df", "--format", "json"));

  test("what is in use can't be reclaimed", async () => {
    await home.ok("volume", "create", "idle");
    const id = await home.ok(
      "run",
      "-d",
      "--name",
      "df",
      "-v",
      "used:/d",
      "bb",
      "sh",
      "-c",
      "printf 12345 >/x; sleep 100",
    );
    await home.ok("exec", "df", "sh", "-c", "until test -s /x; do sleep 0.02; done; printf 123 >/d/f");
    const [images, containers, volumes] = await json();
    expect(Object.keys(images)).toEqual([
      ...["Type", "Total", "Active", "RawSize", "RawReclaimable", "TotalCount", "Size", "Reclaimable"],
    ]);
    expect(images).toMatchObject({ Type: "Images", Total: 1, Active: 1, Reclaimable: "0B (0%)" });
    expect(images.RawSize).toBeGreaterThan(1_000_000);
    expect(containers).toMatchObject({ Type: "Containers", Total: 1, Active: 1, RawReclaimable: 0 });
    expect(containers.RawSize).toBeGreaterThanOrEqual(5);
    expect(volumes).toMatchObject({
      Type: "Local Volumes",
      Total: 2,
      Active: 1,
      Size: "3B",
      Reclaimable: "0B (0%)",
    });
    expect(await home.ok("system", "df")).toMatch(
      /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +1 +1 +\S+MB +0B \(0%\)\n/,
    );
    const verbose = await home.ok("system", "df", "-v");
    expect(verbose).toMatch(/^CONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES$/m);
    expect(verbose).toMatch(new RegExp(`^${id.slice(0, 12)} .* 1 +\\d+B .* running +df$`, "m"));
    expect(verbose).toMatch(/^VOLUME NAME +LINKS +SIZE\nidle +0 +0B\nused +1 +3B$/m);
    await home.ok("kill", "df");
    expect((await json())[1]).toMatchObject({ Active: 0, Reclaimable: `${containers.Size} (100%)` });
    await home.ok("rm", "df");
    await home.ok("volume", "rm", "idle", "used");
    expect((await json())[0]).toMatchObject({ Active: 0, Reclaimable: `${images.Size} (100%)` });
  });

  test("--format and --verbose don't go together", async () => {
    const { exitCode, stderr } = await home.coracle("system", "df", "-v", "--format", "json");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 125,
      stderr: "Error: cannot combine --format and --verbose flags\n",
    });
  });
});

describe("doctor", () => {
  test("says what is well", async () => {
    const { exitCode, stdout } = await home.coracle("doctor");
    expect(stdout).toMatch(/^ok .*user namespace with \d+ ids$/m);
    expect(stdout).toMatch(/^ok .*storage driver overlay/m);
    expect(stdout).not.toMatch(/^error/m);
    expect(exitCode).toBe(0);
  });

  test("names what is missing, with the command that cures it", async () => {
    // In another run directory, as the namespace of this one may linger.
    const env = { PATH: "/nowhere", XDG_RUNTIME_DIR: join(home.directory, "tmp") };
    const { exitCode, stdout } = await home.run(["doctor"], { env });
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(/^error +.*newuidmap.*\n +cure: sudo apt install uidmap$/m);
    expect(stdout).not.toContain("--add-subuids");
  });
});

describe("system check", () => {
  const check = (...args: string[]) => home.coracle("system", "check", ...args);
  const inNamespace = (...argv: string[]) =>
    runProgram(["unshare", "--map-root-user", "--map-auto", ...argv]);

  async function loadFresh(name: string): Promise<void> {
    const archive = imageArchive(`e2e-check-${name}`, {
      reference: `localhost/${name}:latest`,
      layers: [[{ path: `only-in-${name}`, data: name.repeat(100) }]],
      config: { Cmd: ["x"] },
    });
    await home.ok("load", "--input", archive);
  }

  test("finds nothing in a whole store", async () => {
    expect(await check()).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    [
      "a missing layer",
      async () => {
        await loadFresh("layerless");
        const layer = readdirSync(join(home.store, "layers")).find((key) =>
          existsSync(join(home.store, "layers", key, "diff/only-in-layerless")),
        );
        await inNamespace("rm", "-rf", join(home.store, "layers", layer as string));
      },
      /image [\s\S]*layer/,
    ],
    [
      "a cut blob",
      async () => {
        const before = new Set(readdirSync(join(home.store, "blobs/sha256")));
        await loadFresh("cut");
        const blob = readdirSync(join(home.store, "blobs/sha256")).find((name) => !before.has(name));
        truncateSync(join(home.store, "blobs/sha256", blob as string), 10);
      },
      /image/,
    ],
    [
      "a container's record that doesn't parse",
      async () => {
        const id = await home.ok("create", "--name", "spoilt", "bb");
        writeFileSync(join(home.store, "containers", id, "record.json"), "{ not json");
      },
      /container [0-9a-f]{12}/,
    ],
    [
      "a container's record that is gone",
      async () => {
        const id = await home.ok("create", "--name", "recordless", "bb");
        rmSync(join(home.store, "containers", id, "record.json"));
      },
      /container [0-9a-f]{12}/,
    ],
  ])("finds %s, and --repair removes what is damaged and nothing else", async (_name, damage, message) => {
    await home.ok("create", "--name", "whole", "bb", "echo", "fine");
    await damage();
    const found = await check();
    expect(found.exitCode).not.toBe(0);
    expect(found.stdout + found.stderr).toMatch(message);
    expect(found.stdout + found.stderr).not.toMatch(/internal error/);
    // Other commands go on meanwhile.
    expect(await home.ok("start", "--attach", "whole")).toBe("fine");
    expect(await home.ok("images", "--format", "{{.Repository}}")).toContain("localhost/bb");
    await check("--repair", "--force");
    expect(await check()).toMatchObject({ exitCode: 0 });
    expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("whole");
    expect(await home.ok("images", "--format", "{{.Repository}}")).toBe("localhost/bb");
    await home.ok("rm", "whole");
  });

  test("what --repair can mend keeps its contents, and nobody else is held up", async () => {
    const spoil = (file: string, text: string) => writeFileSync(join(home.store, file), text);
    const id = await home.ok("create", "--name", "nameless", "bb", "echo", "fine");
    rmSync(join(home.store, "names/nameless"));
    await home.ok("volume", "create", "spoilt");
    spoil("volumes/spoilt/_data/file", "kept");
    spoil("volumes/spoilt/record.json", "null");
    await home.ok("network", "create", "spoilt");
    spoil("networks/spoilt.json", "");
    rmSync(join(home.store, "events"), { recursive: true });
    spoil("events", "");
    expect(await home.ok("volume", "ls", "-q")).toBe("");
    expect(await home.ok("network", "ls", "-q")).toBe("podman");
    const { exitCode, stdout } = await check("--repair");
    expect(exitCode).toBe(0);
    expect(stdout.match(/^(Repaired|Deleted) .*/gm)).toEqual([
      `Repaired damaged container: ${id}`,
      "Deleted damaged network: spoilt",
      "Repaired damaged volume: spoilt",
    ]);
    rmSync(join(home.store, "events"));
    // What its last run has left is made anew.
    for (const name of ["monitor", "config"]) spoil(`containers/${id}/${name}.json`, "");
    expect(await home.ok("inspect", "--format", "{{.Name}}", "nameless")).toBe("nameless");
    expect(await home.ok("cp", "nameless:/bin", "-")).not.toBe("");
    expect(await home.ok("start", "-a", "nameless")).toBe("fine");
    spoil(`containers/${id}/record.json`, "");
    expect(await home.coracle("volume", "prune", "--all", "--force")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(`the record of container ${id} is damaged`),
    });
    await home.ok("rm", "--force", id);
    expect(await home.ok("volume", "prune", "--all", "--force")).toBe("spoilt");
  });

  test("a damaged index is put aside with --force", async () => {
    const index = join(home.store, "images.json");
    const whole = readFileSync(index);
    for (const text of ["", "[]", "{}"]) {
      writeFileSync(index, text);
      expect(await check("--repair")).toMatchObject({
        exitCode: 125,
        stdout: expect.stringContaining("Damaged index images.json:"),
      });
    }
    expect(await check("--force")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(`${index}.damaged`, "utf8")).toBe("{}");
    expect(await home.ok("images", "-q")).toBe("");
    writeFileSync(index, whole);
    rmSync(`${index}.damaged`);
  });
});

test("system reset leaves nothing, running containers included, and asks first", async () => {
  await home.ok("run", "-d", "--network", "none", "-v", "vol:/vol", "bb", "sleep", "1000");
  expect(await home.run(["system", "reset"], { input: "n\n" })).toMatchObject({
    stdout: expect.stringMatching(/\[y\/N\]/),
  });
  expect(await home.ok("ps", "-q")).not.toBe("");
  await home.ok("system", "reset", "--force");
  expect(await home.ok("ps", "-aq")).toBe("");
  expect(await home.ok("images", "-q")).toBe("");
  expect(await home.ok("volume", "ls", "-q")).toBe("");
  await home.expectNothingLeft();
  expect(existsSync(join(home.store, "layers"))).toBe(false);
  await home.loadBusybox();
  expect(await home.ok("run", "--rm", "--network", "none", "bb", "echo", "again")).toBe("again");
});
