import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ociArchive } from "../../bin/oci-archive.ts";
import { run } from "../support/process.ts";
import { hasProgram } from "../support/requirements.ts";

const image = {
  reference: "localhost/small:latest",
  layers: [
    [
      { path: "bin/", type: "directory" as const },
      { path: "bin/a", data: "a", mode: 0o755, uid: 1000, gid: 50 },
      { path: "bin/b", type: "symlink" as const, target: "a" },
    ],
    [{ path: "bin/c", type: "hardlink" as const, target: "bin/a" }],
  ],
  config: { Cmd: ["/bin/a"], Env: ["X=y"] },
};

test("the same image has the same bytes", () => {
  expect(ociArchive(image).equals(ociArchive(structuredClone(image)))).toBe(true);
});

test.skipIf(hasProgram("skopeo")).each([false, true])("skopeo and tar read it (gzip: %s)", async (gzip) => {
  const directory = mkdtempSync(join(tmpdir(), "oci-archive-"));
  try {
    const archive = join(directory, "small.oci.tar");
    writeFileSync(archive, ociArchive({ ...image, gzip }));
    const copied = join(directory, "copy");
    const copy = ["skopeo", "--insecure-policy", "copy", "--quiet"];
    expect(
      await run([...copy, `oci-archive:${archive}:localhost/small:latest`, `dir:${copied}`]),
    ).toMatchObject({ exitCode: 0, stderr: "" });
    const manifest = JSON.parse(readFileSync(join(copied, "manifest.json"), "utf8"));
    const blob = (digest: string) => join(copied, digest.slice("sha256:".length));
    expect(JSON.parse(readFileSync(blob(manifest.config.digest), "utf8"))).toMatchObject({
      config: image.config,
      os: "linux",
    });
    const listing = await run(["tar", "--numeric-owner", "-tvf", blob(manifest.layers[0].digest)]);
    expect(listing.stdout).toMatch(/^-rwxr-xr-x 1000\/50 +1 1970-01-01 .* bin\/a$/m);
    expect(listing.stdout).toMatch(/ bin\/b -> a$/m);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
