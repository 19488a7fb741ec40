import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const host = (...names: string[]) => join(home.env.HOME as string, ...names);

beforeAll(async () => {
  const script = "echo new >/new; rm -r /home; mkdir /home; echo x >/home/x; echo changed >/etc/group";
  await home.ok("run", "--name", "changed", "--network", "none", "-v", "vol:/vol", "bb", "sh", "-c", script);
  await home.ok("run", "-d", "--name", "live", "--network", "none", "-v", "vol:/vol", "bb", "sleep", "1000");
  await home.ok("exec", "live", "sh", "-c", "echo live >/live; echo volume >/vol/file; mkdir /tmp/dir");
});
afterAll(async () => {
  await home.coracle("rm", "-fav", "-t", "0");
});

function names(archive: Uint8Array): string[] {
  return execFileSync("tar", ["-t"], { input: archive }).toString().trim().split("\n");
}

describe("export", () => {
  test("a stopped container, to stdout", async () => {
    const { stdoutBytes, exitCode, stderr } = await home.coracle("export", "changed");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const found = names(stdoutBytes);
    expect(found).toEqual(expect.arrayContaining(["new", "home/", "home/x", "bin/busybox", "vol/"]));
    expect(found.filter((name) => name.startsWith("home/"))).toEqual(["home/", "home/x"]);
  });

  test("a running container, to a file: nothing of what is mounted into it", async () => {
    expect(await home.ok("container", "export", "-o", host("live.tar"), "live")).toBe("");
    const found = names(readFileSync(host("live.tar")));
    expect(found).toEqual(expect.arrayContaining(["live", "vol/", "proc/", "tmp/dir/"]));
    expect(found.filter((name) => /^(vol|proc|sys|dev)\/./.test(name))).toEqual([]);
  });

  test("a terminal, a colon and a place that isn't there are refused", async () => {
    expect((await home.coracle("export", "-o", "a:b", "changed")).stderr).toMatch(/should not contain ':'/);
    expect(await home.coracle("export", "-o", host("none/x"), "changed")).toMatchObject({ exitCode: 125 });
    expect(readdirSync(host()).filter((name) => name.includes(".part"))).toEqual([]);
  });
});

describe("commit", () => {
  test("makes an image with one layer more, of which the rest stays byte for byte", async () => {
    const { stdout, stderr } = await home.coracle(
      "commit",
      "--change",
      'CMD ["cat", "/new"]',
      "changed",
      "made",
    );
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stderr).toMatch(/^Getting image source signatures\nCopying blob .* already exists\nCopying blob/);
    expect(await home.ok("run", "--rm", "--network", "none", "made")).toBe("new");
    expect(await home.ok("run", "--rm", "--network", "none", "made", "ls", "/home")).toBe("x");
    const manifest = async (image: string) => {
      await home.ok("save", "--format", "oci-archive", "-o", host("saved.tar"), image);
      const [index] = tarText("index.json").manifests;
      return tarText(`blobs/sha256/${index.digest.slice("sha256:".length)}`);
    };
    const [old, made] = [await manifest("bb"), await manifest("made")];
    expect(made.layers.slice(0, -1).map((layer: object) => ({ ...layer, mediaType: "" }))).toEqual(
      old.layers.map((layer: object) => ({ ...layer, mediaType: "" })),
    );
    expect(made.layers.at(-1).mediaType).toMatch(/tar\+gzip$/);
    expect(await home.ok("image", "inspect", "made", "--format", "{{.Parent}}")).toBe(
      await home.ok("image", "inspect", "bb", "--format", "{{.Id}}"),
    );
  });

  function tarText(name: string) {
    return JSON.parse(execFileSync("tar", ["-xOf", host("saved.tar"), name]).toString());
  }

  test("others read it", async (context) => {
    skipUnless(context, hasProgram("skopeo"));
    await home.ok("commit", "-q", "-f", "docker", "-a", "me", "-m", "why", "changed", "docker");
    await home.ok("save", "-o", host("docker.tar"), "docker");
    const { stdout } = await home.exec([
      "skopeo",
      "inspect",
      "--config",
      `docker-archive:${host("docker.tar")}`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ author: "me" });
    expect(await home.ok("image", "inspect", "docker", "--format", "{{.Author}} {{.Comment}}")).toBe(
      "me why",
    );
  });

  test("--squash makes it one layer, of a running container as well", async () => {
    const id = await home.ok("commit", "-q", "--squash", "--iidfile", host("iid"), "live");
    expect(readFileSync(host("iid"), "utf8")).toBe(id);
    const format = "{{len .RootFS.Layers}} {{len .History}}";
    expect(await home.ok("image", "inspect", id, "--format", format)).toBe("1 1");
    expect(await home.ok("run", "--rm", "--network", "none", id, "cat", "/live")).toBe("live");
    expect(await home.ok("run", "--rm", "--network", "none", id, "ls", "/vol")).toBe("");
  });

  test("--config, --include-volumes, --message", async () => {
    writeFileSync(host("config.json"), JSON.stringify({ User: "guest", Env: ["A=1"] }));
    const flags = ["--config", host("config.json"), "--include-volumes", "--change", "USER 7"];
    const id = await home.ok("commit", "-q", ...flags, "changed");
    const format = "{{.Config.User}} {{json .Config.Volumes}} {{.Config.Env}}";
    expect(await home.ok("image", "inspect", id, "--format", format)).toMatch(/^7 {"\/vol":{}} \[.*A=1\]$/);
    expect((await home.coracle("commit", "-q", "-m", "x", "changed")).stderr).toMatch(
      /only compatible with the docker/,
    );
  });

  test("--pause stops the container for as long as it takes, and no longer when it is killed", async (context) => {
    skipUnless(context, hasCgroup());
    const script = "while :; do echo x; done >>/tmp/growing & head -c 60000000 /dev/urandom >/big; wait";
    const id = await home.ok("run", "-d", "--name", "busy", "--network", "none", "bb", "sh", "-c", script);
    // All of it, so that there is time to look.
    const whole = ["exec", "busy", "sh", "-c", "test $(stat -c %s /big) = 60000000"];
    await waitUntil(async () => (await home.coracle(...whole)).exitCode === 0, { what: "the file" });
    const status = join(home.store, "containers", id, "status.json");
    const state = () => JSON.parse(readFileSync(status, "utf8")).status;
    const commit = home.start(["commit", "-q", "--pause", "busy", "paused"]);
    await waitUntil(() => state() === "paused", { what: "the pause" });
    process.kill(commit.child.pid as number, "SIGKILL");
    await waitUntil(() => state() === "running", { what: "its end" });
    await home.ok("commit", "-q", "--pause", "busy", "paused");
    expect(state()).toBe("running");
    await home.ok("rm", "-f", "-t", "0", "busy");
    await home.expectNothingStaged();
    expect(await home.ok("image", "exists", "paused")).toBe("");
  });

  test("what can't be committed leaves nothing", async () => {
    const images = await home.ok("images", "-aq");
    for (const args of [
      ["nosuch"],
      ["changed", "UPPER"],
      ["--format", "tar", "changed"],
      ["-c", "FOO x", "changed"],
    ]) {
      expect(await home.coracle("commit", "-q", ...args)).toMatchObject({ exitCode: 125, stdout: "" });
    }
    expect(await home.ok("images", "-aq")).toBe(images);
    await home.expectNothingStaged();
  });
});

describe("diff", () => {
  const expected = ["C /etc", "C /etc/group", "D /home", "A /home/x", "A /new", "A /vol"];

  test("of a container", async () => {
    expect((await home.ok("diff", "changed")).split("\n")).toEqual(expected);
    expect(JSON.parse(await home.ok("container", "diff", "--format", "json", "changed"))).toEqual({
      changed: ["/etc", "/etc/group"],
      added: ["/home/x", "/new", "/vol"],
      deleted: ["/home"],
    });
    expect((await home.ok("diff", "live")).split("\n")).toContain("A /live");
  });

  test("of the image that it becomes, and of two things", async () => {
    await home.ok("commit", "-q", "changed", "image");
    expect((await home.ok("image", "diff", "image")).split("\n")).toEqual(expected);
    expect((await home.ok("diff", "image", "bb")).split("\n")).toEqual(expected);
    expect(await home.ok("diff", "image", "image")).toBe("");
    expect((await home.ok("diff", "live", "changed")).split("\n")).toEqual(
      expect.arrayContaining(["A /live", "D /new", "C /etc/group", "A /home/guest"]),
    );
  });

  test("an image comes before a container of the same name", async () => {
    await home.ok("commit", "-q", "changed", "live");
    expect((await home.ok("diff", "live")).split("\n")).toEqual(expected);
    expect((await home.ok("container", "diff", "live")).split("\n")).toContain("A /live");
    await home.ok("rmi", "live");
  });
});
