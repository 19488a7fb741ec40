import { expect, test } from "vitest";
import { allCapabilities, defaultCapabilities, processCapabilities } from "../../../src/oci/capabilities.ts";
import { type ExecRequest, execProcess } from "../../../src/oci/exec-process.ts";
import type { RuntimeSpec } from "../../../src/oci/runtime-spec.ts";
import { resolveUser } from "../../../src/oci/user.ts";

const available = allCapabilities(40);
const capabilities = (uid: number, add: string[] = []) =>
  processCapabilities({ add, drop: [], privileged: false, available, uid });

function spec(uid: number, add: string[] = []): RuntimeSpec {
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid: 0, umask: 18, additionalGids: [0] },
      args: ["top"],
      env: ["PATH=/bin", "HOME=/root", "A=x=y"],
      cwd: "/w",
      capabilities: capabilities(uid, add),
      noNewPrivileges: true,
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 1, hard: 1 }],
    },
    root: { path: "/r" },
    mounts: [],
    linux: { namespaces: [] },
  };
}

function exec(changes: Partial<ExecRequest> = {}) {
  const user = resolveUser("0", "", "");
  const request = {
    config: { env: {} },
    hostnameGiven: false,
    args: ["sh"],
    env: {},
    workdir: "",
    terminal: false,
    privileged: false,
    capabilities: available,
  };
  return execProcess({ spec: spec(0), user, ...request, ...changes });
}

test("is as the container's process", () => {
  expect(exec()).toEqual({ ...spec(0).process, args: ["sh"], terminal: false });
});

test("environment, directory and terminal can be given", () => {
  const process = exec({ env: { A: "2", B: "3" }, workdir: "/x", terminal: true });
  expect(process.env).toEqual(["PATH=/bin", "HOME=/root", "A=2", "TERM=xterm", "B=3"]);
  expect(process).toMatchObject({ cwd: "/x", terminal: true });
  expect(exec({ workdir: "tmp" }).cwd).toBe("/tmp");
  expect(exec().cwd).toBe("/w");
});

test("HOSTNAME is there when it was asked for, HOME stays as it was asked for", () => {
  const container = spec(0);
  container.process.env.push("HOSTNAME=0123456789ab");
  expect(exec({ spec: container }).env).not.toContain("HOSTNAME=0123456789ab");
  expect(exec({ spec: container, hostnameGiven: true }).env).toContain("HOSTNAME=0123456789ab");
  const env = { HOSTNAME: "x", HOME: "/root" };
  const process = exec({ spec: container, config: { env }, user: resolveUser("5", "", "") });
  expect(process.env).toEqual(["PATH=/bin", "HOME=/root", "A=x=y", "HOSTNAME=0123456789ab"]);
});

test("another user has its groups and home, and no capabilities", () => {
  const user = resolveUser("5:6", "", "");
  const process = exec({ user });
  expect(process.user).toEqual({ uid: 5, gid: 6, umask: 18, additionalGids: [6] });
  expect(process.env).toContain("HOME=/");
  expect(process.capabilities).toEqual({ bounding: defaultCapabilities });
});

test("the container's own user keeps what it was given", () => {
  const process = exec({ spec: spec(5, ["NET_RAW"]), user: resolveUser("5", "", "") });
  expect(process.capabilities?.ambient).toEqual(["CAP_NET_RAW"]);
});

test("root in a container of another user has the bounding set", () => {
  expect(exec({ spec: spec(5) }).capabilities?.effective).toEqual(defaultCapabilities);
  expect(exec({ privileged: true }).capabilities?.effective).toHaveLength(41);
});
