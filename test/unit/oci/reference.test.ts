import { describe, expect, test } from "vitest";
import {
  completeReference,
  credentialsKey,
  formatReference,
  localName,
  newLocalName,
  parseReference,
} from "../../../src/oci/reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const full = (text: string) => formatReference(completeReference(parseReference(text)));

describe("parsing", () => {
  test.each([
    ["alpine", { repository: "alpine" }],
    ["alpine:3.20", { repository: "alpine", tag: "3.20" }],
    ["library/alpine", { repository: "library/alpine" }],
    ["quay.io/a/b/c:x_Y-1.0", { registry: "quay.io", repository: "a/b/c", tag: "x_Y-1.0" }],
    ["localhost/x", { registry: "localhost", repository: "x" }],
    ["localhost:5000/x", { registry: "localhost:5000", repository: "x" }],
    ["127.0.0.1:5000/x:1", { registry: "127.0.0.1:5000", repository: "x", tag: "1" }],
    ["[::1]:5000/x", { registry: "[::1]:5000", repository: "x" }],
    ["Registry/x", { registry: "Registry", repository: "x" }],
    ["a__b/c.d-e", { repository: "a__b/c.d-e" }],
    [`x@${digest}`, { repository: "x", digest }],
    [`quay.io/x:1@${digest}`, { registry: "quay.io", repository: "x", tag: "1", digest }],
  ])("%s", (text, parsed) => {
    expect(parseReference(text)).toEqual(parsed);
  });

  test.each([
    ["", "repository name must have at least one component"],
    ["UPPER", "repository name must be lowercase"],
    ["quay.io/Foo", "repository name must be lowercase"],
    ["x".repeat(256), "repository name must not be more than 255 characters"],
    ...[
      ...["quay.io/", "a::b", "a:", `a:${"x".repeat(129)}`, "a b", "../etc", "a/../b", "a//b", "/a", "a/"],
      ...["-a", "a_.b", "a@sha256:abc", "a@", "ex ample.com/a", "user@host.com/a", "a\n", "A b"],
    ].map((text) => [text, "invalid reference format"]),
  ] as [string, string][])("%j is refused", (text, reason) => {
    expect(() => parseReference(text)).toThrow(reason);
  });
});

describe("completing", () => {
  test.each([
    ["alpine", "docker.io/library/alpine:latest"],
    ["alpine:3", "docker.io/library/alpine:3"],
    ["me/app", "docker.io/me/app:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/alpine", "docker.io/library/alpine:latest"],
    ["quay.io/app", "quay.io/app:latest"],
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`],
    [`alpine:3@${digest}`, `docker.io/library/alpine@${digest}`],
  ])("%s is %s", (text, name) => {
    expect(full(text)).toBe(name);
  });

  test.each([
    ["app", "localhost/app:latest"],
    ["me/app:1", "localhost/me/app:1"],
    ["quay.io/app:1", "quay.io/app:1"],
  ])("made here, %s is %s", (text, name) => {
    expect(localName(text)).toBe(name);
  });

  test("an image can't be given a name by digest", () => {
    for (const text of [`app@${digest}`, "sha256:abc"]) {
      expect(() => newLocalName(text)).toThrow(`${text}: tag by digest not supported`);
    }
    expect(() => newLocalName("Bad")).toThrow('normalizing name "Bad": repository name must be lowercase');
  });
});

test.each([
  ["quay.io", "quay.io"],
  ["localhost:5000", "localhost:5000"],
  ["quay.io/team/app", "quay.io/team/app"],
  ["quay.io/", "quay.io"],
  ["https://quay.io/v2/team", "quay.io"],
  ["http://localhost:5000", "localhost:5000"],
  ["docker://quay.io/team", "quay.io/team"],
])("credentials for %s are kept under %s", (text, key) => {
  expect(credentialsKey(text)).toBe(key);
});

test("credentials aren't for one image", () => {
  for (const name of ["quay.io/app:1", `quay.io/app@${digest}`])
    expect(() => credentialsKey(name)).toThrow("contains tag or digest");
});
