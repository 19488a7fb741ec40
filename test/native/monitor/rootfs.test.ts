import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, killNow, waitUntil } from "../../support/process.ts";
import { hasDevice, hasProgram, skipUnless } from "../../support/requirements.ts";
import { type Bundle, nativeDirectory, Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

function rootfs(bundle: Bundle, changes: Record<string, unknown> = {}) {
  const { rootfs } = JSON.parse(readFileSync(join(bundle.directory, "monitor.json"), "utf8"));
  return { rootfs: { ...rootfs, ...changes } };
}

test("what the container writes goes to the upper directory; no mount is left", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "echo data >/file"] });
  await bundle.output();
  expect(readFileSync(join(bundle.directory, "upper/file"), "utf8")).toBe("data\n");
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(bundle.directory);
});

test("200 layers in directories with long and awkward names can be stacked, the topmost first", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "cat /top; ls /layers | wc -l"] });
  const lower = Array.from({ length: 200 }, (_, i) => {
    const directory = join(bundle.directory, `layer:${i},${"x".repeat(200)}`, "y".repeat(100));
    mkdirSync(join(directory, "layers"), { recursive: true });
    writeFileSync(join(directory, "layers", String(i)), "");
    writeFileSync(join(directory, "top"), `layer ${i}\n`);
    return directory;
  });
  bundle.change(rootfs(bundle, { lower: [...lower, join(workshop.directory, "layer")] }));
  const relay = await bundle.output();
  expect(relay.stdout.toString()).toBe("layer 0\n200\n");
});

test("/etc/mtab is made where the image has none, and is /etc's owner's", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "readlink /etc/mtab; stat -c %u:%g /etc/mtab"] });
  const etc = join(bundle.directory, "upper/etc");
  mkdirSync(etc, { recursive: true });
  expect((await bundle.output()).stdout.toString()).toMatch(/^\/proc\/mounts\n0:0\n$/);
  const other = workshop.bundle({ args: ["cat", "/etc/mtab"] });
  mkdirSync(join(other.directory, "upper/etc"), { recursive: true });
  writeFileSync(join(other.directory, "upper/etc/mtab"), "mine\n");
  expect((await other.output()).stdout.toString()).toBe("mine\n");
});

test("more overlays are mounted beside it, and not left either", async () => {
  const bundle = workshop.bundle({ args: ["true"] });
  const config = JSON.parse(readFileSync(join(bundle.directory, "config.json"), "utf8"));
  const overlays = ["one", "two"].map((name) => {
    const [lower, upper, work, target] = ["lower", "upper", "work", "target"].map((part) => {
      const directory = join(bundle.directory, name, part);
      mkdirSync(directory, { recursive: true });
      return directory;
    }) as [string, string, string, string];
    writeFileSync(join(lower, "file"), `${name}\n`);
    config.mounts.push({ destination: `/${name}`, type: "bind", source: target, options: ["rbind"] });
    return { driver: "overlay", lower: [lower], upper, work, target, options: ["userxattr"] };
  });
  config.process.args = ["sh", "-c", "cat /one/file /two/file; echo new >/two/new"];
  writeFileSync(join(bundle.directory, "config.json"), JSON.stringify(config));
  bundle.change({ overlays });
  expect((await bundle.output()).stdout.toString()).toBe("one\ntwo\n");
  expect(readFileSync(join(bundle.directory, "two/upper/new"), "utf8")).toBe("new\n");
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(bundle.directory);
});

test("overlays that can't be read or made are told", async () => {
  for (const [overlays, code] of [
    [{}, "bad-config"],
    [[{ driver: "none" }], "bad-config"],
    [[{ driver: "overlay", lower: ["/no/such"], upper: "/u", work: "/w", target: "/t" }], "mount-failed"],
  ] as const) {
    const bundle = workshop.bundle({ args: ["true"] });
    bundle.change({ overlays });
    expect((await bundle.output()).events).toMatchObject([{ code }]);
  }
});

test("fuse-overlayfs serves the container, is registered and ends with it", async (context) => {
  skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
  const bundle = workshop.bundle({ args: ["sh", "-c", "echo data >/file; cat /file; sleep 100"] });
  bundle.change(rootfs(bundle, { driver: "fuse-overlayfs", program: "/usr/bin/fuse-overlayfs" }));
  const relay = bundle.run({ attach: "stdout" });
  await relay.waitForOutput(/data/);
  const [helper] = (await bundle.waitFor("running")).helpers;
  expect(readFileSync(`/proc/${helper?.pid}/comm`, "utf8")).toBe("fuse-overlayfs\n");
  await (await bundle.client()).stop(0);
  expect(isAlive(helper?.pid as number)).toBe(false);
  expect(readFileSync(join(bundle.directory, "upper/file"), "utf8")).toBe("data\n");
});

test("fuse-overlayfs ends with a killed monitor and its container", async (context) => {
  skipUnless(context, hasProgram("fuse-overlayfs"), hasDevice("/dev/fuse"));
  const bundle = workshop.bundle({ args: ["sleep", "100"] });
  bundle.change(rootfs(bundle, { driver: "fuse-overlayfs", program: "/usr/bin/fuse-overlayfs" }));
  await bundle.background();
  const { helpers, monitor, init } = bundle.status;
  process.kill(monitor.pid, "SIGKILL");
  await killNow(init?.pid as number);
  await waitUntil(() => !isAlive(helpers[0]?.pid as number));
});

test("fuse-overlayfs that fails is told with its words", async (context) => {
  skipUnless(context, hasProgram("fuse-overlayfs"));
  const bundle = workshop.bundle({ args: ["true"] });
  cpSync("/bin/true", join(bundle.directory, "true"));
  bundle.change(
    rootfs(bundle, {
      driver: "fuse-overlayfs",
      program: "/usr/bin/fuse-overlayfs",
      lower: ["/no/such/layer"],
    }),
  );
  const relay = await bundle.output();
  expect(relay.events).toMatchObject([
    { code: "mount-failed", message: expect.stringContaining("/no/such/layer") },
  ]);
});

test("fuse-overlayfs is given no path that would be read as options", async (context) => {
  skipUnless(context, hasProgram("fuse-overlayfs"));
  const bundle = workshop.bundle({ args: ["true"] });
  mkdirSync(join(bundle.directory, "upper,lowerdir=layer"));
  bundle.change(
    rootfs(bundle, {
      driver: "fuse-overlayfs",
      program: "/usr/bin/fuse-overlayfs",
      upper: join(bundle.directory, "upper,lowerdir=layer"),
    }),
  );
  const relay = await bundle.output();
  expect(relay.events).toMatchObject([
    { code: "mount-failed", message: expect.stringContaining("can't take the path") },
  ]);
});

test.each(["overlay", "fuse-overlayfs"])(
  "mount and unmount do the same in the caller's namespace: %s",
  (driver) => {
    if (driver === "fuse-overlayfs" && hasProgram(driver)) return;
    const bundle = workshop.bundle({ args: ["true"] });
    bundle.change(rootfs(bundle, driver === "overlay" ? {} : { driver, program: "/usr/bin/fuse-overlayfs" }));
    const monitor = join(nativeDirectory, "coracle-monitor");
    const script = `"$0" mount "$1" && ls "$1/merged/etc" && "$0" unmount "$1" && ls "$1/merged" && "$0" unmount "$1" && echo end`;
    const [program, ...args] = workshop.inNamespace(["sh", "-c", script, monitor, bundle.directory]) as [
      string,
      ...string[],
    ];
    expect(execFileSync(program, args).toString()).toBe("plain\nend\n");
  },
);

test("driver none leaves the rootfs as it is", async () => {
  const bundle = workshop.bundle({ args: ["echo", "bare"] });
  execFileSync("cp", ["-a", `${workshop.directory}/layer/.`, join(bundle.directory, "merged")]);
  bundle.change({ rootfs: { driver: "none" } });
  expect((await bundle.output()).stdout.toString()).toBe("bare\n");
  expect(existsSync(join(bundle.directory, "merged/etc/mtab"))).toBe(false);
});

test("users are added at the end of the container's own files", async () => {
  const bundle = workshop.bundle({ args: ["sh", "-c", "cat /etc/passwd /etc/group"] });
  const { rootfs: mounted } = rootfs(bundle);
  const etc = join(bundle.directory, "upper/etc");
  mkdirSync(etc, { recursive: true });
  for (const name of ["passwd", "group"]) writeFileSync(join(etc, name), `${name}, as it was\n`);
  bundle.change({ users: { root: mounted.target, passwd: "one\ntwo\n", group: "three\n" } });
  expect((await bundle.output()).stdout.toString()).toBe(
    "passwd, as it was\none\ntwo\ngroup, as it was\nthree\n",
  );
});

test.each([
  [
    "a link out of the rootfs",
    (file: string, outside: string) => symlinkSync(outside, file),
    /open \/etc\/passwd/,
  ],
  ["a FIFO", (file: string) => execFileSync("mkfifo", [file]), /it is not a file/],
])("they are not added to %s", async (_, make, message) => {
  const bundle = workshop.bundle({ args: ["true"] });
  const { rootfs: mounted } = rootfs(bundle);
  const outside = join(bundle.directory, "outside");
  writeFileSync(outside, "");
  mkdirSync(join(bundle.directory, "upper/etc"), { recursive: true });
  make(join(bundle.directory, "upper/etc/passwd"), outside);
  bundle.change({ users: { root: mounted.target, passwd: "one\n" } });
  const relay = await bundle.output();
  expect(relay.events.at(-1)).toMatchObject({ event: "error", message: expect.stringMatching(message) });
  expect(readFileSync(outside, "utf8")).toBe("");
});
