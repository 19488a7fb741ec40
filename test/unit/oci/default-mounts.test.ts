import { expect, it } from "vitest";
import { parseDefaultMounts } from "../../../src/oci/default-mounts.ts";

it("reads pairs of paths, and single ones", () => {
  expect(parseDefaultMounts("# note\n\n/a/b/:/c\n  /d/../e\n", "f")).toEqual([
    { source: "/a/b", destination: "/c" },
    { source: "/e", destination: "/e" },
  ]);
});

it.each(["relative", "/a:b", "/a:/b:ro"])("refuses %s", (line) => {
  expect(() => parseDefaultMounts(line, "mounts.conf")).toThrow(`mounts.conf: "${line}" is not of the form`);
});
