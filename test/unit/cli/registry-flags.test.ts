import { expect, test } from "vitest";
import ManifestInspect from "../../../commands/manifest/inspect.ts";
import { registryAccess } from "../../../src/cli/registry-flags.ts";

test.each([
  [{}, undefined],
  [{ insecure: true }, false],
  [{ insecure: false }, true],
  [{ "tls-verify": true, insecure: true }, true],
  [{ "tls-verify": false }, false],
])("of %j comes tlsVerify %s", (flags, expected) => {
  expect(registryAccess(flags, new Set(Object.keys(flags))).tlsVerify).toBe(expected);
  expect(Object.keys(ManifestInspect.flags)).toEqual(expect.arrayContaining(Object.keys(flags)));
});
