/** Files of artifacts in containers: `--mount type=artifact`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const directory = join(home.directory, "tmp");

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** What a container with this mount says. */
function show(mount: string, script: string, ...flags: string[]) {
  const words = ["--rm", "--network", "none", ...flags, "--mount", `type=artifact,${mount}`];
  return home.coracle("run", ...words, "bb", "sh", "-c", script);
}

beforeAll(async () => {
  await home.ok("artifact", "add", "single", file("one.txt", "eins\n"));
  await home.ok("artifact", "add", "many", file("a", "first\n"), file("b", "second\n"));
});

test("the only file lies at the destination, or in the directory that is there", async () => {
  expect(await show("src=single,dst=/fresh", "cat /fresh")).toMatchObject({ stdout: "eins\n", stderr: "" });
  expect((await show("src=single,dst=/etc/passwd", "cat /etc/passwd")).stdout).toBe("eins\n");
  expect((await show("src=single,dst=/tmp", "cat /tmp/one.txt")).stdout).toBe("eins\n");
  expect((await show("src=single,dst=/tmp,title=one.txt", "cat /tmp/one.txt")).stdout).toBe("eins\n");
  expect((await show("src=single,dst=/tmp,name=abc", "cat /tmp/abc")).stdout).toBe("eins\n");
});

test("several files lie in a directory, under their titles, their digests, or a name with a number", async () => {
  expect((await show("source=many,target=/new", "cat /new/a /new/b")).stdout).toBe("first\nsecond\n");
  expect((await show("src=many,dst=/new,name=part", "cat /new/part-0 /new/part-1")).stdout).toBe(
    "first\nsecond\n",
  );
  expect((await show("src=many,dst=/new,title=b", "cat /new")).stdout).toBe("second\n");
  const { Manifest } = JSON.parse(await home.ok("artifact", "inspect", "many"));
  const { digest } = Manifest.layers[0];
  const found = await show(
    `src=many,dst=/tmp,digest=${digest}`,
    "cd /tmp; for i in sha256-*; do cat $i; done",
  );
  expect(found.stdout).toBe("first\n");
  expect(await show("src=many,dst=/etc/passwd", "true")).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining(
      'artifact "many" contains more than one blob and container path "/etc/passwd" is a file',
    ),
  });
});

test("they can be read by any user of the container, and written by none", async () => {
  expect((await show("src=single,dst=/data", "cat /data", "--user", "guest")).stdout).toBe("eins\n");
  const { exitCode, stderr } = await show("src=single,dst=/data", "echo x >/data");
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("Read-only file system");
  expect((await show("src=single,dst=/data", "cat /data")).stdout).toBe("eins\n");
});

test("what a running container has stays when the artifact goes; a start looks anew", async () => {
  await home.ok("artifact", "add", "going", file("v1", "old\n"));
  const words = ["--network", "none", "--mount", "type=artifact,src=going,dst=/tmp", "bb", "sleep", "100"];
  await home.ok("run", "-d", "--name", "user", ...words);
  await home.ok("artifact", "rm", "going");
  expect(await home.ok("exec", "user", "cat", "/tmp/v1")).toBe("old");
  expect(await home.coracle("restart", "-t", "0", "user")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining("going: artifact does not exist"),
  });
  await home.ok("artifact", "add", "going", file("v1", "new\n"), file("v2", "more\n"));
  await home.ok("start", "user");
  expect(await home.ok("exec", "user", "cat", "/tmp/v1", "/tmp/v2")).toBe("new\nmore");
  await home.ok("rm", "-f", "-t", "0", "user");
  await home.ok("artifact", "rm", "going");
});

test("an artifact that isn't there is told before the container is made", async () => {
  const failed = await home.coracle(
    "create",
    "--name",
    "x",
    "--mount",
    "type=artifact,src=nosuch,dst=/d",
    "bb",
  );
  expect(failed).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/validating artifact "nosuch": nosuch: artifact does not exist/),
  });
  expect((await home.coracle("container", "exists", "x")).exitCode).toBe(1);
  expect(await show("src=single,dst=/d,title=nosuch", "true")).toMatchObject({
    exitCode: 126,
    stderr: expect.stringContaining('no blob with the title "nosuch" in artifact single'),
  });
});
