/** image prune, system prune. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";

const home = useHome({ image: true });

async function load(name: string, labels: Record<string, string> = {}): Promise<string> {
  const archive = imageArchive(`e2e-prune-${name}`, {
    reference: `localhost/${name}:latest`,
    layers: [[{ path: `only-in-${name}`, data: name.repeat(100) }]],
    config: { Cmd: ["x"], Labels: labels },
  });
  await home.ok("load", "--quiet", "--input", archive);
  return (await home.ok("images", "-q", "--no-trunc", name)).replace("sha256:", "");
}

test("image prune asks, and removes what has no name; with --all what no container uses", async () => {
  const id = await load("nameless");
  await home.ok("untag", "nameless");
  expect(await home.run(["image", "prune"], { input: "n\n" })).toMatchObject({
    exitCode: 0,
    stdout: "WARNING! This command removes all dangling images.\nAre you sure you want to continue? [y/N] ",
  });
  expect(await home.run(["image", "prune"], { input: "" })).toMatchObject({ exitCode: 125 });
  expect(await home.ok("image", "prune", "--force", "--filter", "label=none")).toBe("");
  expect(await home.run(["image", "prune"], { input: "y\n" })).toMatchObject({
    stdout: expect.stringMatching(new RegExp(`\\[y/N\\] ${id}\n$`)),
  });
  const unused = await load("unused", { keep: "no" });
  await home.ok("create", "--name", "user", "--network", "none", "bb");
  const cache = join(home.directory, `buildah-cache-${process.getuid?.()}`);
  mkdirSync(join(cache, "x"), { recursive: true });
  const env = { TMPDIR: home.directory };
  expect(await home.run(["image", "prune", "-f"], { env })).toMatchObject({ exitCode: 0, stdout: "" });
  expect(existsSync(cache)).toBe(true);
  expect(await home.run(["image", "prune", "-f", "--build-cache"], { env })).toMatchObject({ exitCode: 0 });
  expect(existsSync(cache)).toBe(false);
  expect(await home.ok("image", "prune", "-af", "--filter", "label!=keep")).toBe("");
  expect(await home.ok("image", "prune", "-af", "--filter", "label=keep=no")).toBe(unused);
  expect(await home.ok("image", "prune", "-af")).toBe("");
  expect(await home.ok("images", "--format", "{{.Repository}}")).toBe("localhost/bb");
});

test.each([
  [
    ["nonsense=1"],
    'Error: invalid image filter "nonsense": must be in the format "filter=value or filter!=value"',
  ],
  [["label"], "Error: filter input must be in the form of filter=value: label is invalid"],
])("image prune --filter %j is refused", async ([filter], message) => {
  const { exitCode, stderr } = await home.coracle("image", "prune", "-f", "--filter", filter as string);
  expect({ exitCode, message: stderr.split(/[;\n]/)[0] }).toEqual({ exitCode: 125, message });
});

test("system prune asks, and tells what it removed and how much that was", async () => {
  const [question, end] = ["WARNING! This command removes:\n", "\nAre you sure you want to continue? [y/N] "];
  const asked = async (...flags: string[]) =>
    (await home.run(["system", "prune", ...flags], { input: "n\n" })).stdout;
  const always = "\t- all stopped containers\n\t- all networks not used by at least one container\n";
  expect(await asked()).toBe(
    `${question}${always}\t- all dangling images\n\t- all dangling build cache\n${end}`,
  );
  expect(await asked("--all", "--volumes")).toBe(
    `${question}${always}\t- all volumes not used by at least one container\n` +
      `\t- all images without at least one container associated with them\n\t- all build cache\n${end}`,
  );
  const stopped = await home.ok("run", "-d", "--network", "none", "bb", "sh", "-c", "printf 12345 >/five");
  await home.ok("wait", stopped);
  const created = await home.ok("inspect", "user", "--format", "{{.Id}}");
  await home.ok("run", "-d", "--name", "busy", "--network", "none", "-v", "used:/v", "bb", "sleep", "100");
  await home.ok("volume", "create", "idle");
  expect(await home.ok("system", "prune", "-f", "--filter", "until=24h")).toBe("Total reclaimed space: 0B");
  const lines = (await home.ok("system", "prune", "-f")).split("\n");
  expect(lines.slice(0, 3).sort()).toEqual(["Deleted Containers", stopped, created].sort());
  expect(lines[3]).toMatch(/^Total reclaimed space: (5B|\d+.*B)$/);
  const image = await load("useless");
  expect(await home.ok("system", "prune", "-af", "--volumes")).toMatch(
    new RegExp(`^Deleted Volumes\nidle\nDeleted Images\n${image}\nTotal reclaimed space: \\d.*B$`),
  );
  expect(await home.ok("volume", "ls", "-q")).toBe("used");
  expect(await home.ok("system", "prune", "--external")).toBe("");
  expect(await home.coracle("system", "prune", "--external", "-a")).toMatchObject({
    exitCode: 125,
    stderr: "Error: system prune --external cannot be combined with other options\n",
  });
  await home.ok("rm", "-f", "-t", "0", "busy");
  await home.ok("volume", "rm", "used");
});
