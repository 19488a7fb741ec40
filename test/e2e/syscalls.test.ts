/** Which system calls a container may make, tried one by one from inside, beside Podman. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultSeccompProfile } from "../../src/oci/seccomp-default.ts";
import { Home, useHome } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { configurePodman } from "../support/podman.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
/** Podman's own, which leaves a process of its in it. */
const peer = new Home();
const probe = join(home.directory, "probe");
const missing = [hasProgram("podman"), hasProgram("gcc")];

beforeAll(async () => {
  if (missing.some((reason) => reason !== undefined)) return;
  const source = join(import.meta.dirname, "../support/probe/syscalls.c");
  execFileSync("gcc", [
    "-D_GNU_SOURCE",
    "-O1",
    "-static",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-o",
    probe,
    source,
  ]);
  configurePodman(peer);
  await peer.exec(["podman", "load", "-q", "-i", busyboxArchive()]);
});

afterAll(() => peer.remove());

async function answers(engine: string, flags: string[]): Promise<string[]> {
  const args = ["run", "--rm", "--network", "none", ...flags, "-v", `${probe}:/probe:ro`, "bb", "/probe"];
  const { exitCode, stdout, stderr } = await (engine === "podman" ? peer : home).exec([engine, ...args]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trim().split("\n");
}

const cases: [string, string[]][] = [
  ["by default", []],
  ["without capabilities", ["--cap-drop", "all"]],
  ["with capabilities that open calls", ["--cap-add", "SYS_ADMIN,SYS_PTRACE,SYS_TIME,BPF"]],
  ["privileged", ["--privileged"]],
  ["unconfined", ["--security-opt", "seccomp=unconfined"]],
];

test.for(cases)("%s every call is answered as by Podman", async ([, flags], context) => {
  skipUnless(context, ...missing);
  const [ours, podmans] = await Promise.all([answers(home.program, flags), answers("podman", flags)]);
  expect(ours.length).toBeGreaterThan(450);
  expect(ours).toEqual(podmans);
});

test("by the profile that we bring, Podman's answers too, but for calls that are newer than its own", async (context) => {
  skipUnless(context, ...missing);
  const profile = join(home.directory, "ours.json");
  writeFileSync(profile, JSON.stringify(defaultSeccompProfile()));
  for (const flags of [[], ["--cap-add", "SYS_ADMIN,SYS_PTRACE"]]) {
    const podmans = await answers("podman", flags);
    const ours = await answers(home.program, [...flags, "--security-opt", `seccomp=${profile}`]);
    const different = ours.filter((line, at) => line !== podmans[at] && !podmans[at]?.endsWith(" ENOSYS"));
    // io_pgetevents, which later versions of Podman's profile allow.
    expect(different.filter((line) => !/^(333|292) EFAULT$/.test(line))).toEqual([]);
  }
});
