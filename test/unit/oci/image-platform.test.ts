import { describe, expect, test } from "vitest";
import type { Index, Platform } from "../../../src/oci/image.ts";
import {
  chooseManifest,
  formatPlatform,
  matchesPlatform,
  parsePlatform,
  platformOf,
} from "../../../src/oci/image-platform.ts";

const index = (...platforms: (Platform | undefined)[]): Index => ({
  schemaVersion: 2,
  manifests: platforms.map((platform, i) => ({
    mediaType: "x/y",
    digest: `d${i}`,
    size: 1,
    ...(platform && { platform }),
  })),
});
const linux = (architecture: string, variant?: string): Platform =>
  variant === undefined ? { os: "linux", architecture } : { os: "linux", architecture, variant };
const choose = (from: Index, wanted: Platform) => chooseManifest(from, wanted, "image").digest;

test.each([
  ["x64", "linux/amd64"],
  ["arm64", "linux/arm64/v8"],
  ["arm", "linux/arm/v7"],
  ["s390x", "linux/s390x"],
])("Node's %s is %s", (arch, text) => {
  expect(formatPlatform(platformOf(arch))).toBe(text);
});

test.each([
  ["linux/arm64", "linux/arm64"],
  ["arm64", "linux/arm64"],
  ["linux/arm/v6", "linux/arm/v6"],
  ["x86_64", "linux/amd64"],
  ["Linux/AMD64", "linux/amd64"],
  ["linux", "linux/amd64"],
  ["windows/amd64", "windows/amd64"],
])("--platform %s is %s", (text, platform) => {
  expect(formatPlatform(parsePlatform(text, linux("amd64")))).toBe(platform);
});

test.each(["", "a/b/c/d", "linux/", "../x"])("--platform %j is refused", (text) => {
  expect(() => parsePlatform(text, linux("amd64"))).toThrow(/invalid platform/);
});

test("an image is for a platform when all of it is the same, but for the usual variant", () => {
  expect(matchesPlatform(linux("amd64"), linux("amd64", "v1"))).toBe(true);
  expect(matchesPlatform(linux("arm64", "v8"), linux("arm64"))).toBe(true);
  expect(matchesPlatform(linux("amd64"), linux("amd64", "v8"))).toBe(false);
  expect(matchesPlatform(linux("arm", "v6"), linux("arm", "v7"))).toBe(false);
  expect(matchesPlatform(linux("amd64"), { os: "windows", architecture: "amd64" })).toBe(false);
});

describe("choosing a manifest", () => {
  test("the architecture decides", () => {
    expect(choose(index(linux("arm64"), linux("amd64")), linux("amd64"))).toBe("d1");
  });

  test("the exact variant comes before none", () => {
    expect(choose(index(linux("arm64"), linux("arm64", "v8")), linux("arm64", "v8"))).toBe("d1");
    expect(choose(index(linux("arm64")), linux("arm64", "v8"))).toBe("d0");
  });

  test("arm takes older variants, never newer ones", () => {
    expect(choose(index(linux("arm", "v5"), linux("arm", "v6")), linux("arm", "v7"))).toBe("d1");
    expect(() => choose(index(linux("arm", "v7")), linux("arm", "v6"))).toThrow(/no image for platform/);
  });

  test("without a variant asked for, the first will do", () => {
    expect(choose(index(linux("arm", "v6"), linux("arm", "v7")), linux("arm"))).toBe("d0");
  });

  test("a single manifest without platform is the image", () => {
    expect(choose(index(undefined), linux("amd64"))).toBe("d0");
  });

  test("attestations are never chosen, nor listed", () => {
    const attested = index({ os: "unknown", architecture: "unknown" }, linux("s390x"));
    expect(() => choose(attested, linux("amd64"))).toThrow(
      expect.objectContaining({ hint: "it has linux/s390x; choose with --platform" }),
    );
  });
});
