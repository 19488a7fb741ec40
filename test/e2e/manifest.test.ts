/** What a registry has under a name. */
import { expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";

const home = useHome();

test("manifest inspect shows lists and single images", async () => {
  const registry = await FakeRegistry.start();
  try {
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const single = registry.image("a/b", "1", [tar([{ path: "x" }])]);
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [{ mediaType, ...single, platform: { os: "linux", architecture: "s390x" } }],
    };
    registry.manifest("a/b", "list", index);
    const inspect = (tag: string) =>
      home.coracle("manifest", "inspect", "--tls-verify=false", `${registry.address}/a/b:${tag}`);
    const list = await inspect("list");
    expect(list).toMatchObject({ exitCode: 0, stderr: "" });
    expect(list.stdout).toBe(`${JSON.stringify(index, null, 4)}\n`);
    const one = await inspect("1");
    expect(one.stderr).toBe(
      `Warning! The manifest type ${mediaType} is not a manifest list but a single image.\n`,
    );
    expect(JSON.parse(one.stdout).config.mediaType).toBe("application/vnd.oci.image.config.v1+json");
    expect(await inspect("none")).toMatchObject({
      exitCode: 125,
      stdout: "",
      stderr: expect.stringMatching(
        /^Error: reading image "docker:\/\/.*\/a\/b:none": reading manifest none in .*\n$/,
      ),
    });
  } finally {
    await registry.stop();
  }
});
