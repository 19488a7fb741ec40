import { afterEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { busyboxConfig, busyboxEntries, imageArchive } from "../support/images.ts";

const home = useHome({ image: true });
const quiet = ["--network", "none"];
const shown = (name: string, format: string) => home.ok("inspect", name, "--format", format);

afterEach(async () => {
  await home.ok("rm", "-fav", "-t", "0");
});

describe("container clone", () => {
  test("the same configuration with the files of the image", async () => {
    const flags = ["-e", "A=b", "-l", "q=r", "-v", "vol:/vol", "-w", "/tmp", "--unsetenv", "PATH"];
    await home.ok("run", "--name", "a", ...flags, ...quiet, "bb", "/bin/touch", "/new");
    const id = await home.ok("container", "clone", "a");
    const format =
      "{{.Config.Env}} {{.Config.Labels}} {{.Config.WorkingDir}} {{.Path}} {{.Args}} {{.Mounts}}";
    expect(await shown(id, "{{.Name}} {{.State.Status}}")).toBe("a-clone created");
    const strip = (text: string) => text.replace(/HO(ME|STNAME)=[^ \]]* ?/g, "").replace(/ \]/, "]");
    expect(strip(await shown("a-clone", format))).toBe(strip(await shown("a", format)));
    expect(await shown("a-clone", "{{.Config.Hostname}}")).toBe(id.slice(0, 12));
    expect(await home.ok("diff", "a-clone")).toBe("");
    await home.ok("container", "clone", "a");
    expect(await shown("a-clone1", "{{.State.Status}}")).toBe("created");
  });

  test("--name, --run, --destroy, limits, another image", async () => {
    await home.ok("run", "-d", "--name", "a", ...quiet, "bb", "sleep", "1000");
    await home.ok("tag", "bb", "other");
    await home.ok("container", "clone", "--pids-limit", "7", "a", "b", "other");
    expect(await shown("b", "{{.HostConfig.PidsLimit}} {{.State.Status}}")).toBe("7 created");
    const refused = await home.coracle("container", "clone", "--destroy", "--name", "c", "a");
    expect(refused).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("cannot remove container"),
    });
    await home.ok("container", "clone", "--run", "--destroy", "--force", "--name", "d", "a");
    expect(await home.ok("ps", "--all", "--format", "{{.Names}} {{.State}}")).toBe("b created\nd running");
  });

  test("what makes no sense", async () => {
    await home.ok("create", "--name", "a", ...quiet, "bb", "true");
    const refused = async (...args: string[]) => (await home.coracle("container", "clone", ...args)).stderr;
    expect(await refused()).toBe("Error: accepts between 1 and 3 arg(s), received 0\n");
    expect(await refused("nosuch")).toMatch(/no container with name or ID "nosuch" found: no such container/);
    expect(await refused("--force", "a")).toBe(
      "Error: cannot set --force without --destroy: invalid argument\n",
    );
    expect(await refused("a", "a")).toMatch(/the container name "a" is already in use/);
    expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("a");
  });
});

test("container runlabel", async () => {
  const archive = imageArchive("labels", {
    reference: "localhost/labels:latest",
    layers: [busyboxEntries()],
    config: {
      ...busyboxConfig,
      Labels: {
        run: "podman run --rm --network none IMAGE echo ${NAME} '$OPT1'",
        named: "podman run --name NAME --network none IMAGE true",
        fails: "podman run --rm --network none IMAGE false",
        nested: "podman container runlabel run IMAGE",
      },
    },
  });
  await home.ok("load", "-q", "-i", archive);
  const runlabel = (...args: string[]) => home.coracle("container", "runlabel", ...args);
  expect(await runlabel("run", "labels", "more")).toMatchObject({ exitCode: 0, stdout: "labels more\n" });
  expect((await runlabel("--display", "run", "labels")).stdout).toBe(
    "command: coracle run --rm --network none localhost/labels:latest echo labels\n",
  );
  expect((await runlabel("--display", "--opt1", "one", "--opt3=x", "run", "labels")).stdout).toBe(
    "command: coracle run --rm --network none localhost/labels:latest echo labels one\n",
  );
  expect(await runlabel("-q", "run", "labels")).toMatchObject({ exitCode: 0, stdout: "" });
  await home.ok("container", "runlabel", "-n", "mine", "named", "labels");
  expect((await runlabel("-n", "mine", "named", "labels")).stderr).toMatch(/already in use/);
  await home.ok("container", "runlabel", "--replace", "-n", "mine", "named", "labels");
  const failed = await runlabel("fails", "labels");
  expect([failed.exitCode, failed.stderr]).toEqual([
    125,
    expect.stringMatching(/^Error: `.* failed: exit status 1\n$/),
  ]);
  expect((await runlabel("nested", "labels")).stderr).toMatch(/nested runlabel calls/);
  expect((await runlabel("none", "labels")).stderr).toMatch(
    /cannot find the value of label: none in image: labels/,
  );
});

test("container checkpoint and restore are refused", async () => {
  for (const [verb, what] of [
    ["checkpoint", "checkpointing"],
    ["restore", "restoring"],
  ] as const) {
    expect(await home.coracle("container", verb, "x")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(new RegExp(`^Error: ${what} a container requires root`)),
    });
    expect((await home.coracle("container", verb)).stderr).toMatch(/provide at least one name or id/);
  }
});
