/** unshare, and what can be mounted inside of it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";

const home = useHome({ image: true });

/** A script inside, where `$c` is the program. */
const argvOf = (script: string) => ["unshare", "sh", "-c", `c=$0\n${script}`, home.program];
const inside = (script: string) => home.ok(...argvOf(script));

describe("unshare", () => {
  test("the caller is root, and finds Podman's variables", async () => {
    expect(await inside("id -u; echo $CONTAINERS_GRAPHROOT; echo $_CONTAINERS_ROOTLESS_UID")).toBe(
      `0\n${home.store}\n${process.getuid?.()}`,
    );
    expect(await inside("env | grep ^CORACLE_ || true")).toMatch(/^CORACLE_RUN=\S+(\nCORACLE_TEST_\S+)*$/);
    expect(await inside("cat /proc/self/uid_map")).toMatch(/^ +0 +\d+ +1\n +1 +\d+ +\d+$/);
  });

  test.each<[string[], number, string]>([
    [["sh", "-c", "exit 7"], 7, ""],
    [["sh", "-c", "kill -9 $$"], 255, ""],
    [["no-such-program"], 127, 'Error: exec: "no-such-program": executable file not found in $PATH\n'],
    [["/etc/passwd"], 126, "Error: fork/exec /etc/passwd: permission denied\n"],
  ])("%j ends with %i", async (argv, exitCode, stderr) => {
    expect(await home.coracle("unshare", ...argv)).toMatchObject({ exitCode, stderr, stdout: "" });
  });

  test("without a command it is the user's shell", async () => {
    const env = { SHELL: "/bin/sh" };
    expect(await home.run(["unshare"], { env, input: "id -u; exit 3\n" })).toMatchObject({
      exitCode: 3,
      stdout: "0\n",
    });
    expect(await home.run(["unshare"], { env: { SHELL: undefined } })).toMatchObject({
      exitCode: 125,
      stderr: "Error: no command specified and no $SHELL specified\n",
    });
  });

  test("it is the namespace of the containers", async () => {
    await home.ok("run", "-d", "--name", "ns", "--network", "none", "bb", "sleep", "100");
    const init = await home.ok("inspect", "ns", "--format", "{{.State.Pid}}");
    expect(await inside(`readlink /proc/self/ns/user /proc/${init}/ns/user | uniq | wc -l`)).toBe("1");
    expect(await inside("$c ps -q --no-trunc; $c rm -f -t 0 ns")).toMatch(/^[0-9a-f]{64}\nns$/);
  });

  test("what it leaves running keeps the namespace", async () => {
    const pid = Number(await inside("sleep 100 >/dev/null 2>&1 & echo $!"));
    const namespace = () => readlinkSync(`/proc/${pid}/ns/user`);
    const before = namespace();
    expect(await inside("readlink /proc/self/ns/user")).toBe(before);
    await inside(`kill -9 ${pid}`);
    await waitUntil(() => !readdirSync("/proc").includes(String(pid)));
  });
});

describe("mount", () => {
  test.each([
    ["mount"],
    ["mount", "nobody"],
    ["container", "mount"],
    ["image", "mount"],
    ["volume", "mount", "v"],
  ])("%s %s needs unshare", async (...argv) => {
    const path = argv.filter((word) => word !== "nobody" && word !== "v").join(" ");
    expect(await home.coracle(...argv)).toMatchObject({
      exitCode: 125,
      stderr: `Error: cannot run command "coracle ${path}" in rootless mode, must execute \`coracle unshare\` first\n`,
    });
  });

  test("a container is mounted as often as it was asked for, and listed", async () => {
    const id = await home.ok("create", "--name", "m", "--network", "none", "bb");
    const path = join(home.store, "containers", id, "merged");
    expect(await inside("$c mount m; $c mount m; $c mount")).toBe(
      [path, path, `${id.slice(0, 12)}  ${path}`].join("\n"),
    );
    expect(JSON.parse(await inside("$c mount m >/dev/null; $c mount --format json"))).toEqual([
      { id, Names: ["m"], mountpoint: path },
    ]);
    expect(
      await inside(
        "$c mount m m >/dev/null; $c umount m; $c mount --no-trunc; $c umount m; $c mount; $c umount m; $c umount -a",
      ),
    ).toBe(["m", `${id}  ${path}`, "m", "m"].join("\n"));
    expect(
      await inside("$c mount m m >/dev/null; $c unmount --force m; $c mount; $c mount m; $c unmount -a"),
    ).toBe(["m", path, id].join("\n"));
    expect(await home.ok("mount", "--help")).toContain("Usage:");
    expect(await home.ok("unmount", "m")).toBe("m");
  });

  test("what is changed there is in the container", async () => {
    await inside("echo changed > $($c mount m)/etc/changed");
    expect(await home.ok("start", "-a", "m")).toBe("");
    await home.ok("cp", "m:/etc/changed", join(home.directory, "changed"));
    expect(readFileSync(join(home.directory, "changed"), "utf8")).toBe("changed\n");
  });

  test("a running container's mount is its own, also of one started there", async () => {
    await home.ok("run", "-d", "--name", "r", "--network", "none", "bb", "sh", "-c", "echo 1 >/f; sleep 100");
    const both = "$c exec r sh -c 'echo 2 >/f'; cat $d/f; echo 3 >$d/f; $c exec r cat /f";
    expect(await inside(`d=$($c mount r); ${both}`)).toBe("2\n3");
    expect(await inside("cat $($c mount | cut -d ' ' -f 3)/f; $c unmount -a")).toBe("3");
    expect(await home.ok("unmount", "-a")).toBe("");
    await home.ok("kill", "r");
    await home.ok("wait", "r");
    expect(await inside(`d=$($c mount r); $c start r; ${both}; $c kill r; $c rm -f r`)).toBe("r\n2\n3\nr\nr");
  });

  test("removing a mounted container leaves nothing of it", async () => {
    expect(await inside("$c mount m >/dev/null; $c rm m; $c mount")).toBe("m");
    await home.expectNothingStaged();
  });

  test("an image is mounted read-only, and nothing of that is on the disk", async () => {
    const id = (await home.ok("images", "-q", "--no-trunc", "bb")).replace("sha256:", "");
    const path = join(home.store, "mounts", id, "merged");
    expect(
      await inside("d=$($c image mount bb); cat $d/etc/passwd | head -1; touch $d/x 2>/dev/null || echo no"),
    ).toBe("root:x:0:0:root:/root:/bin/sh\nno");
    expect(readdirSync(join(home.store, "mounts"))).toEqual([]);
    expect(
      await inside("$c image mount bb >/dev/null; $c image mount; $c image umount bb; $c image mount"),
    ).toBe(`localhost/bb:latest  ${path}\n${id}`);
    expect(
      JSON.parse(await inside("$c image mount -a >/dev/null; $c image mount --format json")),
    ).toMatchObject([{ id, Repositories: ["localhost/bb:latest"], mountpoint: path }]);
    expect(
      await inside("$c image mount bb >/dev/null; $c image umount -a; mount | grep -c mounts || true"),
    ).toBe(`${id}\n0`);
  });

  test("a volume is where it is", async () => {
    await home.ok("volume", "create", "v");
    expect(await inside("touch $($c volume mount v)/f; $c volume unmount v")).toBe("v");
    expect(readdirSync(join(home.store, "volumes/v/_data"))).toEqual(["f"]);
    await home.ok("volume", "rm", "v");
  });

  test("the mounts of a killed unshare are gone", async () => {
    await home.ok("create", "--name", "k", "--network", "none", "bb");
    const running = home.start(argvOf("$c mount k; $c image mount bb; echo $$; exec sleep 100"));
    const [, shell] = await running.waitForOutput(/^(\d+)$/m);
    const pid = Number(shell);
    expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toContain("/merged ");
    expect(await inside("$c mount; $c image mount")).toBe("");
    running.child.kill("SIGKILL");
    await inside(`kill -9 ${pid}`);
    await waitUntil(() => !readdirSync("/proc").includes(String(pid)));
    expect(await home.ok("rm", "k")).toBe("k");
  });
});
