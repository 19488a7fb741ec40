/** info, version, doctor, system check, system reset. */
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { run as runProgram } from "../support/process.ts";

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
      /image .*layer/,
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
