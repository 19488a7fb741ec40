import { expect, test } from "vitest";
import { parseTransport } from "../../../src/oci/transport.ts";

test.each([
  ["quay.io/a/b:1", { kind: "docker", reference: "quay.io/a/b:1" }],
  ["docker://a/b", { kind: "docker", reference: "a/b" }],
  ["docker:5000/a", { kind: "docker", reference: "docker:5000/a" }],
  ["oci:/tmp/x", { kind: "oci", path: "/tmp/x", reference: undefined }],
  ["oci:x:tag", { kind: "oci", path: "x", reference: "tag" }],
  [
    "oci-archive:x.tar:r.example:5000/a:1",
    { kind: "oci-archive", path: "x.tar", reference: "r.example:5000/a:1" },
  ],
  ["docker-archive:/x.tar:", { kind: "docker-archive", path: "/x.tar", reference: undefined }],
  ["dir:/a:b", { kind: "dir", path: "/a:b" }],
])("%s", (text, transport) => {
  expect(parseTransport(text)).toEqual(transport);
});

test.each(["dir:", "oci:", "oci-archive::x"])("%s has no path", (text) => {
  expect(() => parseTransport(text)).toThrow(/no path/);
});

test("others are named in the refusal", () => {
  expect(() => parseTransport("docker-daemon:a:b")).toThrow(
    'transport "docker-daemon:" is not supported yet',
  );
});
