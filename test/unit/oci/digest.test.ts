import { expect, test } from "vitest";
import { checkDigest, digestHex, digestOf, isDigest } from "../../../src/oci/digest.ts";

const good = `sha256:${"a0".repeat(32)}`;

test("the digest of bytes", () => {
  expect(digestOf("hello\n")).toBe("sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
});

test("a well-formed digest is accepted", () => {
  expect(isDigest(good)).toBe(true);
  expect(checkDigest(good, "layer")).toBe(good);
  expect(digestHex(good)).toBe("a0".repeat(32));
});

test.each([
  "sha256:../../../../etc/passwd",
  `sha256:${"a0".repeat(31)}`,
  `sha256:${"a0".repeat(32)}0`,
  `sha256:${"A0".repeat(32)}`,
  `sha256:${"a0".repeat(31)}/.`,
  `${good}\n`,
  ` ${good}`,
  "a0".repeat(32),
  "md5:d41d8cd98f00b204e9800998ecf8427e",
  "",
  undefined,
  null,
  5,
  [good],
])("%j is refused", (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => checkDigest(text, "layer 3")).toThrow(/layer 3: invalid digest/);
});

test("another algorithm is called unsupported", () => {
  expect(() => checkDigest(`sha512:${"a0".repeat(64)}`, "config")).toThrow(/unsupported digest algorithm/);
});
