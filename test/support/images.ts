/** Small images for tests, made of what the host has; no network. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImageContent, ociArchive, type TarEntry } from "../../bin/oci-archive.ts";

/** A directory of this run's, or of this user's, which images may know. */
export function scratch(): string {
  const directory = process.env.CORACLE_TEST_TMP || join(tmpdir(), `coracle-vitest-${process.getuid?.()}`);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Writes the archive once; test files run side by side, and each sees it whole or not at all. */
function cached(name: string, content: () => Buffer): string {
  const path = join(scratch(), name);
  if (!existsSync(path)) {
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, content());
    renameSync(fresh, path);
  }
  return path;
}

export function busyboxEntries(): TarEntry[] {
  const busybox = "/bin/busybox";
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n");
  const directories = ["bin", "etc", "home", "proc", "root", "sys", "dev", "tmp", "var"];
  return [
    ...directories.map((path): TarEntry => ({ path: `${path}/`, type: "directory" })),
    { path: "home/guest/", type: "directory", uid: 1000, gid: 1000 },
    { path: "bin/busybox", data: readFileSync(busybox), mode: 0o755 },
    ...applets
      .filter((applet) => applet !== "busybox")
      .map((applet): TarEntry => ({ path: `bin/${applet}`, type: "symlink", target: "busybox" })),
    {
      path: "etc/passwd",
      data: "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/home/guest:/bin/sh\n",
    },
    { path: "etc/group", data: "root:x:0:\nguest:x:1000:\nstaff:x:50:guest\n" },
  ];
}

export const busyboxConfig = {
  Cmd: ["sh"],
  Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
};

/** Path of an OCI archive with the image localhost/bb:latest. */
export function busyboxArchive(): string {
  return cached("bb.oci.tar", () =>
    ociArchive({
      reference: "localhost/bb:latest",
      layers: [busyboxEntries()],
      config: busyboxConfig,
      gzip: true,
    }),
  );
}

/** Path of an OCI archive with what you like; `name` must be unique among all tests. */
export function imageArchive(name: string, image: ImageContent): string {
  return cached(`${name}.oci.tar`, () => ociArchive(image));
}
