/** Sentences of the runtime specification 1.2 that have no other test: what must be refused, and what must not. */
import { mkdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { skipUnless } from "../../support/requirements.ts";
import { Bundle, type Config, mappedNamespace } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const limit = (more: object) => ({ type: "RLIMIT_NOFILE", ...more });
const mapping = [{ containerID: 0, hostID: 0, size: 1 }];
const bind = (more: object) => ({ destination: "/mnt", source: "/usr", options: ["bind"], ...more });
const seccomp = (more: object) => (config: Config) => {
  config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...more };
};
const rule = (more: object) =>
  seccomp({ syscalls: [{ names: ["getcwd"], action: "SCMP_ACT_ERRNO", ...more }] });
const hook = (more: object) => (config: Config) => {
  config.hooks = { poststop: [{ path: "/bin/true", ...more }] };
};

/** "Runtimes MUST generate an error when invalid or unsupported values are encountered." */
describe("invalid and unsupported values are errors:", () => {
  const cases: [string, (config: Config) => void, RegExp][] = [
    ["no version", (c) => Reflect.deleteProperty(c, "ociVersion"), /ociVersion/],
    ["a version that isn't semantic", (c) => (c.ociVersion = "1.2"), /ociVersion `1.2`/],
    ["a version yet to come", (c) => (c.ociVersion = "2.0.0"), /ociVersion `2.0.0`/],
    ["no root", (c) => Reflect.deleteProperty(c, "root"), /`root` is missing/],
    ["a root that isn't there", (c) => (c.root.path = "nowhere"), /nowhere/],
    ["an annotation without a name", (c) => (c.annotations = { "": "x" }), /empty key/],
    ["an annotation that isn't text", (c) => (c.annotations = { a: 1 as never }), /not a string/],
    [
      "a relative masked path",
      (c) => (c.linux.maskedPaths = ["etc"]),
      /maskedPaths: `etc` is not an absolute path/,
    ],
    ["a relative read-only path", (c) => (c.linux.readonlyPaths = ["etc"]), /readonlyPaths: `etc` is not/],
    [
      "a limit without its hard one",
      (c) => (c.process.rlimits = [limit({ soft: 10 })]),
      /both soft and hard/,
    ],
    [
      "a limit without its soft one",
      (c) => (c.process.rlimits = [limit({ hard: 10 })]),
      /both soft and hard/,
    ],
    [
      "a limit given twice",
      (c) => (c.process.rlimits = [limit({ soft: 9, hard: 9 }), limit({ soft: 9, hard: 9 })]),
      /given twice/,
    ],
    ["no working directory", (c) => Reflect.deleteProperty(c.process, "cwd"), /process.cwd/],
    [
      "a device without a number",
      (c) => (c.linux.devices = [{ path: "/dev/x", type: "c", major: 1 }]),
      /major and minor/,
    ],
    ["a device of no type", (c) => (c.linux.devices = [{ path: "/dev/x", major: 1, minor: 3 }]), /type/],
    [
      "a mapping of users only",
      (c) => c.mounts.push(bind({ uidMappings: mapping })),
      /uidMappings and gidMappings/,
    ],
    [
      "a mapping of groups only",
      (c) => c.mounts.push(bind({ gidMappings: mapping })),
      /uidMappings and gidMappings/,
    ],
    ["a mapping that is nowhere", (c) => c.mounts.push(bind({ options: ["bind", "idmap"] })), /idmap needs/],
    ["a namespace given twice", (c) => c.linux.namespaces.push({ type: "pid" }), /given twice/],
    [
      "a clock that there isn't",
      (c) => {
        c.linux.namespaces.push({ type: "time" });
        c.linux.timeOffsets = { wall: { secs: 1 } };
      },
      /no clock `wall`/,
    ],
    [
      "a flag of the personality",
      (c) => (c.linux.personality = { domain: "LINUX", flags: ["X"] }),
      /personality/,
    ],
    [
      "an error number of what has none",
      rule({ action: "SCMP_ACT_KILL", errnoRet: 1 }),
      /SCMP_ACT_KILL has no errno/,
    ],
    ["one of the default", seccomp({ defaultErrnoRet: 1 }), /SCMP_ACT_ALLOW has no errno/],
    ["a rule without names", rule({ names: [] }), /has no names/],
    ["an agent's metadata without an agent", seccomp({ listenerMetadata: "x" }), /needs listenerPath/],
    ["nobody to notify", rule({ action: "SCMP_ACT_NOTIFY" }), /needs listenerPath/],
    ["a hook by its name", hook({ path: "true" }), /path must be absolute/],
    ["a hook without time", hook({ timeout: 0 }), /timeout/],
  ];
  test.each(cases)("%s", async (_, change, message) => {
    change(bundle.config);
    expect(await bundle.refusal(["true"])).toMatch(message);
  });
});

/** "Runtimes MAY log unknown properties but MUST otherwise ignore them": but where isolation is configured. */
test("unknown properties and annotations change nothing, but those that may be meant to isolate are refused", async () => {
  const { config } = bundle;
  Object.assign(config, { unknown: "x", annotations: { "org.unknown": "" } });
  Object.assign(config.process, { unknown: 1 });
  expect(await bundle.run(["echo", "ran"])).toMatchObject({ exitCode: 0, stdout: "ran\n", stderr: "" });

  const places = {
    "process.capabilities": config.process.capabilities,
    linux: config.linux,
    "linux.namespaces": config.linux.namespaces[0],
    "linux.seccomp": { defaultAction: "SCMP_ACT_ALLOW" },
  };
  config.linux.seccomp = places["linux.seccomp"];
  for (const [place, object] of Object.entries<Record<string, unknown>>(places)) {
    object.unknown = {};
    expect(await bundle.refusal(["true"])).toContain(`${place}.unknown: not known to this runtime`);
    delete object.unknown;
  }
});

test("mount options that every runtime must have", async () => {
  const options =
    "async atime defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion " +
    "nolazytime norelatime nostrictatime nosuid relatime ro rw silent strictatime suid sync nosymfollow symfollow mand nomand";
  for (const option of options.split(" ")) {
    mkdirSync(bundle.inRootfs(`m/${option}`), { recursive: true });
    bundle.mount({ destination: `/m/${option}`, type: "tmpfs", source: "tmpfs", options: [option] });
  }
  const table = await bundle.sh("grep ' /m/' /proc/self/mounts");
  const has = (option: string) =>
    table
      .split("\n")
      .find((line) => line.includes(` /m/${option} `))!
      .split(" ")[3]!
      .split(",");
  for (const option of [
    "dirsync",
    "lazytime",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "nosuid",
    "ro",
    "sync",
  ]) {
    expect(has(option)).toContain(option);
  }
});

test("a relative destination counts from the root", async () => {
  bundle.mount({ destination: "mnt/here", type: "tmpfs", source: "tmpfs", options: [] });
  expect(await bundle.sh("grep -c ' /mnt/here ' /proc/mounts")).toBe("1\n");
});

test("the agent's socket counts only where there is something to notify of", async () => {
  bundle.config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/nowhere" };
  expect(await bundle.sh("echo ran")).toBe("ran\n");
});

test("the size of the console counts only with a terminal", async () => {
  bundle.config.process.consoleSize = { height: 10, width: 20 };
  expect(await bundle.sh("echo ran")).toBe("ran\n");
});

test("what becomes of config.json after create doesn't matter", async () => {
  bundle.config.process.args = ["sh", "-c", "echo as made"];
  const out = await bundle.output(`
    rt create c >out; echo "{}" >config.json; rt start c; until rt state c | grep -q stopped; do :; done; rt delete c; cat out`);
  expect(out).toBe("as made\n");
});

test("hooks in the container's namespaces have its process under the number that it has there", async () => {
  const keep = (name: string) => ({
    path: "/bin/sh",
    args: ["sh", "-c", `cat >${name}`],
    env: ["PATH=/bin"],
  });
  bundle.config.hooks = {
    createRuntime: [keep(bundle.outside("outer"))],
    createContainer: [keep(bundle.outside("inner"))],
    startContainer: [keep("/tmp/started")],
  };
  const pid = Number(
    await bundle.output(
      "rt create c; rt state c | sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p'; rt start c; sleep 0.2; rt delete -f c",
    ),
  );
  const told = (path: string) => JSON.parse(readFileSync(path, "utf8")).pid;
  expect(told(bundle.outside("outer"))).toBe(pid);
  expect(told(bundle.outside("inner"))).toBe(1);
  expect(told(bundle.inRootfs("tmp/started"))).toBe(1);
});

test("a container that is only made can be killed", async () => {
  const out = await bundle.output(`
    rt create c; rt kill c KILL; until rt state c | grep -q stopped; do :; done
    ! rt kill c KILL 2>kill; ! rt start c 2>start; rt delete c; ! rt state c 2>queried; ! rt kill c; ! rt start c; ! rt delete c`);
  expect(out).toBe("");
  for (const name of ["kill", "start", "queried"])
    expect(readFileSync(bundle.outside(name), "utf8")).toMatch(/^Error: /);
});

describe("the root's propagation", () => {
  test.each([
    ["shared", /^shared:\d+ $/],
    ["slave", /^(master:\d+ )?$/],
    ["private", /^$/],
    ["unbindable", /^unbindable $/],
  ])("%s", async (value, fields) => {
    bundle.config.linux.rootfsPropagation = value;
    const line = await bundle.sh("grep '^[0-9]* [0-9]* [0-9:]* [^ ]* / ' /proc/self/mountinfo");
    expect(line.split(" ").slice(6).join(" ").split("- ")[0]).toMatch(fields);
  });
});

/** "The feature document MUST NOT contain properties that are not defined in this version"; what it has must be taken. */
test("features are those of the specification, and what they name is known", async () => {
  const features = JSON.parse(await bundle.output("rt features"));
  expect(Object.keys(features).sort()).toEqual([
    "annotations",
    "hooks",
    "linux",
    "mountOptions",
    "ociVersionMax",
    "ociVersionMin",
    "potentiallyUnsafeConfigAnnotations",
  ]);
  expect(Object.keys(features.linux.cgroup).sort()).toEqual(["rdma", "systemd", "systemdUser", "v1", "v2"]);
  expect(Object.keys(features.linux.seccomp).sort()).toEqual([
    "actions",
    "archs",
    "enabled",
    "knownFlags",
    "operators",
    "supportedFlags",
  ]);
  for (const option of ["async", "dirsync", "lazytime", "nolazytime", "sync"])
    expect(features.mountOptions).toContain(option);
  for (const version of [features.ociVersionMin, features.ociVersionMax]) {
    bundle.config.ociVersion = version;
    expect(await bundle.sh("echo ran")).toBe("ran\n");
  }
});
