import { expect, test } from "vitest";
import { checkUpdates, updatePolicy } from "../../../src/oci/auto-update.ts";

const label = (value: string) => ({ "io.containers.autoupdate": value });

test("updates from a registry need a name that has one, with or without a tag", () => {
  for (const image of ["quay.io/a/b", "quay.io/a/b:1", "localhost/a", "host:5000/a", "docker://a"])
    expect(() => checkUpdates(label("registry"), image)).not.toThrow();
  for (const image of ["short:latest", "library/a", "a".repeat(64)])
    expect(() => checkUpdates(label("image"), image)).toThrow(
      `short name: auto updates require fully-qualified image reference: "${image}"`,
    );
  expect(() => checkUpdates(label("registry"), "docker-archive:/a.tar")).toThrow(
    'auto updates require the docker image transport but image is of transport "docker-archive"',
  );
});

test("other policies are no matter of the name; unknown ones are told of when they are asked for", () => {
  for (const value of ["local", "disabled", "", "fake"])
    expect(() => checkUpdates(label(value), "short")).not.toThrow();
  expect(updatePolicy(label("image"))).toBe("registry");
  expect(updatePolicy({})).toBeUndefined();
  expect(() => updatePolicy(label("fake"))).toThrow(
    'invalid auto-update policy "fake": valid policies are [',
  );
});
