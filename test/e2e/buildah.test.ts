/** Buildah with our runtime in place of crun. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Home } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const missing = hasProgram("buildah");
const home = new Home();
/** CORACLE_NATIVE_BIN=…/native/build/asan for those with sanitizers. */
const lib = process.env.CORACLE_NATIVE_BIN ?? join(dirname(home.program), "../lib/coracle/bin");
const runtime = ["--runtime", join(lib, "coracle-runtime")];
const context = join(home.directory, "context");

const buildah = (args: string[], input?: string) =>
  home.exec(["buildah", "--storage-driver", "vfs", ...args], input === undefined ? {} : { input });
async function ok(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await buildah(args);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout.trim();
}

beforeAll(async () => {
  if (missing) return;
  mkdirSync(context);
  await ok("pull", "-q", `oci-archive:${busyboxArchive()}`);
});
afterAll(async () => {
  if (!missing) {
    await ok("rm", "-a");
    await ok("rmi", "-af");
  }
  await home.remove();
});

test("bud runs the commands of a Containerfile", async (context_) => {
  skipUnless(context_, missing);
  const lines = [
    "FROM bb",
    "RUN echo built >/made && id -u >>/made && mkdir -m 777 /w",
    "RUN --mount=type=cache,target=/cache touch /cache/x && ls /cache >>/made",
    "USER guest",
    "RUN id -u >/w/who && umask >>/w/who",
    'RUN ["sh", "-c", "exit 0"]',
  ];
  writeFileSync(join(context, "Containerfile"), lines.join("\n"));
  await ok("bud", ...runtime, "-q", "-t", "made", context);
  const container = await ok("from", "made");
  const inside = (...args: string[]) => ok("run", ...runtime, container, ...args);
  expect(await inside("cat", "/made", "/w/who")).toBe("built\n0\nx\n1000\n0022");
  expect(await inside("id", "-u")).toBe("1000");
  writeFileSync(join(context, "Containerfile"), "FROM bb\nRUN exit 9\n");
  expect((await buildah(["bud", ...runtime, "-q", context])).stderr).toMatch(/exit status 9/);
});

test("run gives stdio, exit codes, a terminal and mounts", async (context_) => {
  skipUnless(context_, missing);
  const container = await ok("from", "bb");
  const run = (args: string[], input?: string) => buildah(["run", ...runtime, ...args], input);
  expect(await run([container, "sh", "-c", "cat; exit 7"], "in")).toMatchObject({
    exitCode: 7,
    stdout: "in",
  });
  expect((await run(["-t", container, "tty"])).stdout).toBe("/dev/pts/0\r\n");
  const mounted = await run(["-v", `${context}:/v:ro`, container, "sh", "-c", "ls /v; touch /v/x 2>&1"]);
  expect(mounted.stdout).toMatch(/^Containerfile\n.*Read-only file system/);
  const capabilities = await run([
    "--cap-add",
    "CAP_NET_ADMIN",
    container,
    "grep",
    "CapEff",
    "/proc/self/status",
  ]);
  expect(BigInt(`0x${capabilities.stdout.trim().split("\t")[1]}`) & (1n << 12n)).not.toBe(0n);
  const nosuch = await run([container, "nosuch"]);
  expect(nosuch.exitCode).not.toBe(0);
  expect(nosuch.stderr).toMatch(/executable file `nosuch` not found in \$PATH/);
});
