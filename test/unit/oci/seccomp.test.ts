import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Seccomp } from "../../../src/oci/runtime-spec.ts";
import {
  imageSeccompProfile,
  parseSeccompPolicy,
  parseSeccompProfile,
  resolveSeccomp,
} from "../../../src/oci/seccomp.ts";
import { defaultSeccompProfile } from "../../../src/oci/seccomp-default.ts";

const target = { arch: "x64", kernel: "6.1.0-1-amd64", capabilities: [] as string[] };

/** What happens to a call: the rules for it, in one line each. */
function outcome(seccomp: Seccomp, name: string): string[] {
  return (seccomp.syscalls ?? [])
    .filter((rule) => rule.names.includes(name))
    .map((rule) => [
      rule.action,
      rule.errnoRet,
      ...(rule.args ?? []).map((a) => `${a.index}${a.op}${a.value}`),
    ])
    .map((parts) => parts.filter((part) => part !== undefined).join(" "))
    .sort();
}

describe("the default profile", () => {
  const resolved = resolveSeccomp(defaultSeccompProfile(), target);

  test("says ENOSYS to what it doesn't know", () => {
    expect(resolved).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38 });
    expect(outcome(resolved, "a_call_of_the_future")).toEqual([]);
  });

  test("covers the 32-bit calls of the machine", () => {
    expect(resolved.architectures).toEqual(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]);
    const arm = resolveSeccomp(defaultSeccompProfile(), { ...target, arch: "arm64" });
    expect(arm.architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
    expect(outcome(arm, "arch_prctl")).toEqual([]);
    expect(outcome(arm, "set_tls")).toEqual(["SCMP_ACT_ALLOW"]);
  });

  test.each([
    ["openat", "SCMP_ACT_ALLOW"],
    ["arch_prctl", "SCMP_ACT_ALLOW"],
    ["keyctl", "SCMP_ACT_ALLOW"],
    ["kexec_load", "SCMP_ACT_ERRNO 1"],
    ["userfaultfd", "SCMP_ACT_ERRNO 1"],
    ["bpf", "SCMP_ACT_ERRNO 1"],
    ["init_module", "SCMP_ACT_ERRNO 1"],
    ["chroot", "SCMP_ACT_ERRNO 1"],
  ])("%s: %s", (name, expected) => {
    expect(outcome(resolved, name)).toEqual([expected]);
  });

  test.each(["io_uring_setup", "add_key", "request_key", "s390_runtime_instr"])(
    "%s is not allowed",
    (name) => {
      expect(outcome(resolved, name)).toEqual([]);
    },
  );

  test("opens up with capabilities", () => {
    const capabilities = ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_AUDIT_WRITE"];
    const more = resolveSeccomp(defaultSeccompProfile(), { ...target, capabilities });
    for (const name of ["bpf", "chroot", "socket"]) expect(outcome(more, name)).toEqual(["SCMP_ACT_ALLOW"]);
    expect(outcome(more, "init_module")).toEqual(["SCMP_ACT_ERRNO 1"]);
  });

  test("every call is listed once for an outcome", () => {
    const plain = (resolved.syscalls ?? []).filter((rule) => !rule.args).flatMap((rule) => rule.names);
    expect(plain.length).toBe(new Set(plain).size);
    expect(plain.every((name) => /^[a-z_][a-z0-9_]*$/.test(name))).toBe(true);
  });

  test("agrees with the host's profile on every call of that one", (context) => {
    let text: string;
    try {
      text = readFileSync("/usr/share/containers/seccomp.json", "utf8");
    } catch {
      return context.skip("this host has no /usr/share/containers/seccomp.json");
    }
    const capabilities = ["CAP_SYS_CHROOT", "CAP_SYS_TIME", "CAP_SYS_PTRACE"];
    for (const set of [[], capabilities]) {
      const here = { ...target, capabilities: set };
      const theirs = resolveSeccomp(parseSeccompProfile(text, "host"), here);
      const ours = resolveSeccomp(defaultSeccompProfile(), here);
      const names = new Set((theirs.syscalls ?? []).flatMap((rule) => rule.names));
      // setns stands there as allowed and refused, and is allowed in effect; io_pgetevents is allowed in later versions.
      for (const name of ["setns", "io_pgetevents"]) names.delete(name);
      const unique = (seccomp: Seccomp, name: string) => [...new Set(outcome(seccomp, name))];
      const different = [...names].filter(
        (name) => unique(theirs, name).join() !== unique(ours, name).join(),
      );
      expect(different).toEqual([]);
    }
  });

  test("is resolved in a moment: it is part of every start", () => {
    const runs = Array.from({ length: 50 }, () => {
      const start = performance.now();
      resolveSeccomp(defaultSeccompProfile(), target);
      return performance.now() - start;
    });
    expect(runs.toSorted((a, b) => a - b)[25]).toBeLessThan(5);
  });
});

describe("a profile of one's own", () => {
  const resolve = (profile: object, changes = {}) =>
    resolveSeccomp(parseSeccompProfile(JSON.stringify(profile), "p"), { ...target, ...changes });

  test("Docker's old form and its conditions", () => {
    const seccomp = resolve({
      defaultAction: "SCMP_ACT_KILL",
      architectures: ["SCMP_ARCH_X86_64"],
      syscalls: [
        { name: "read", action: "SCMP_ACT_ALLOW", args: [], comment: "", includes: {}, excludes: {} },
        { names: ["write"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "4.8" } },
        { names: ["splice"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "6.2" } },
        { names: ["tee"], action: "SCMP_ACT_ALLOW", excludes: { arches: ["amd64"] } },
        { names: ["bpf"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_BPF", "CAP_PERFMON"] } },
        { names: ["pipe"], action: "SCMP_ACT_ERRNO", errno: "ENOSYS", errnoRet: 1 },
      ],
    });
    expect(seccomp).toEqual({
      defaultAction: "SCMP_ACT_KILL",
      architectures: ["SCMP_ARCH_X86_64"],
      syscalls: [
        { names: ["read"], action: "SCMP_ACT_ALLOW" },
        { names: ["write"], action: "SCMP_ACT_ALLOW" },
        { names: ["pipe"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
      ],
    });
  });

  test("all named capabilities are needed", () => {
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["bpf"], action: "SCMP_ACT_LOG", includes: { caps: ["CAP_BPF", "CAP_PERFMON"] } }],
    };
    expect(resolve(profile, { capabilities: ["CAP_BPF"] }).syscalls).toEqual([]);
    expect(resolve(profile, { capabilities: ["CAP_BPF", "CAP_PERFMON"] }).syscalls).toHaveLength(1);
  });

  test.each([
    ["{", "unexpected end of JSON input"],
    ["null", "no defaultAction"],
    ["{}", "no defaultAction"],
    ['{"defaultAction":"x","syscalls":[{"names":["a"]}]}', "a rule without action"],
    ['{"defaultAction":"x","architectures":["a"],"archMap":[{"architecture":"a"}]}', "use either of them"],
    ['{"defaultAction":"x","syscalls":[{"name":"a","names":["a"],"action":"y"}]}', "use either of them"],
  ])("%s is refused", (text, message) => {
    expect(() => parseSeccompProfile(text, "/p.json")).toThrow(message);
    expect(() => parseSeccompProfile(text, "/p.json")).toThrow("loading seccomp profile (/p.json) failed");
    expect(() => parseSeccompProfile(text, "")).toThrow("loading seccomp profile failed");
  });
});

describe("--seccomp-policy", () => {
  test("is default or image", () => {
    expect(["", "default", "image"].map(parseSeccompPolicy)).toEqual(["default", "default", "image"]);
    expect(() => parseSeccompPolicy("x")).toThrow(
      'invalid seccomp policy "x": valid policies are ["default" "image"]',
    );
  });

  test("image: the profile is in a label", () => {
    expect(imageSeccompProfile({ "io.containers.seccomp.profile": "{}" })).toBe("{}");
    expect(() => imageSeccompProfile({ other: "{}" })).toThrow("no seccomp policy defined by image");
    expect(() => imageSeccompProfile(undefined)).toThrow("cannot read seccomp profile without a valid image");
  });
});
