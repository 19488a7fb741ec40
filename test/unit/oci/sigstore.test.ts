import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { completeReference, parseReference } from "../../../src/oci/reference.ts";
import { parseSigstoreRequirement, refusalOf, signatureTag } from "../../../src/oci/sigstore.ts";

const digest = `sha256:${"1".repeat(64)}`;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const claims = (name: string, more: object = {}) => ({
  critical: {
    identity: { "docker-reference": name },
    image: { "docker-manifest-digest": digest },
    type: "cosign container image signature",
    ...more,
  },
  optional: { anything: 1 },
});
const signed = (content: object) => {
  const payload = Buffer.from(JSON.stringify(content));
  return { payload, signature: sign("sha256", payload, privateKey) };
};
const requirement = (signedIdentity?: object) =>
  parseSigstoreRequirement({
    type: "sigstoreSigned",
    keyData: Buffer.from(pem).toString("base64"),
    ...(signedIdentity ? { signedIdentity } : {}),
  });
const image = (text: string) => ({ reference: completeReference(parseReference(text)), digest });
const refusal = (content: object, name: string, identity?: object) =>
  refusalOf(signed(content), [publicKey], requirement(identity).identity, image(name));

test.each<[signed: string, name: string, identity: object | undefined, accepted: boolean]>([
  ["r.io/a:1", "r.io/a:1", undefined, true],
  ["r.io/a:2", "r.io/a:1", undefined, false],
  ["r.io/a", "r.io/a:1", undefined, false],
  ["r.io/a:2", `r.io/a@${digest}`, undefined, true],
  ["r.io/b:1", `r.io/a@${digest}`, undefined, false],
  ["r.io/a:1", `r.io/a@${digest}`, { type: "matchExact" }, false],
  ["r.io/a", "r.io/a:1", { type: "matchRepository" }, true],
  ["r.io/ab", "r.io/a:1", { type: "matchRepository" }, false],
  ["x.io/y:3", "r.io/a:1", { type: "exactReference", dockerReference: "x.io/y:3" }, true],
  ["x.io/y:4", "r.io/a:1", { type: "exactReference", dockerReference: "x.io/y:3" }, false],
  ["x.io/y:4", "r.io/a:1", { type: "exactRepository", dockerRepository: "x.io/y" }, true],
  ["x.io/y/a:1", "r.io/p/a:1", { type: "remapIdentity", prefix: "r.io/p", signedPrefix: "x.io/y" }, true],
  ["x.io/y/a:1", "r.io/pp/a:1", { type: "remapIdentity", prefix: "r.io/p", signedPrefix: "x.io/y" }, false],
  ["not a reference", "r.io/a:1", { type: "matchRepository" }, false],
])("a signature for %s and the image %s, %j", (name, wanted, identity, accepted) => {
  const found = refusal(claims(name), wanted, identity);
  if (accepted) expect(found).toBeUndefined();
  else expect(found).toMatch(/^Signature for identity .* is not accepted$/);
});

test("what isn't signed by the key, or for the image, or is another thing", () => {
  const good = signed(claims("r.io/a:1"));
  const { identity } = requirement();
  const check = (signature: typeof good, name = "r.io/a:1") =>
    refusalOf(signature, [publicKey], identity, image(name));
  expect(check(good)).toBeUndefined();
  expect(check({ ...good, payload: Buffer.concat([good.payload, Buffer.from(" ")]) })).toMatch(
    /invalid signature/,
  );
  expect(check({ ...good, signature: Buffer.alloc(0) })).toMatch(/invalid signature/);
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  expect(refusalOf(good, [other], identity, image("r.io/a:1"))).toMatch(/invalid signature/);
  expect(refusalOf(good, [other, publicKey], identity, image("r.io/a:1"))).toBeUndefined();
  const elsewhere = { image: { "docker-manifest-digest": `sha256:${"2".repeat(64)}` } };
  expect(refusal(claims("r.io/a:1", elsewhere), "r.io/a:1")).toMatch(/^the signature is for sha256:22/);
  for (const odd of [{ type: "atomic container signature" }, { more: 1 }, { image: {} }, { identity: null }])
    expect(refusal(claims("r.io/a:1", odd), "r.io/a:1")).toMatch(/is not a cosign container image signature/);
});

test("requirements that can't be met are refused", () => {
  for (const value of [
    {},
    { keyPath: "a", keyData: "b" },
    { keyPath: "" },
    { keyPaths: "a" },
    { keyPath: "a", signedIdentity: { type: "matchAny" } },
    { keyPath: "a", signedIdentity: { type: "exactReference" } },
    { keyPath: "a", signedIdentity: { type: "matchExact", x: 1 } },
  ])
    expect(() => parseSigstoreRequirement(value)).toThrow();
  expect(() => parseSigstoreRequirement({ keyPath: "a", rekorPublicKeyPath: "b" })).toThrow(
    "not supported yet",
  );
});

test("the tag of signatures", () => {
  expect(signatureTag(digest)).toBe(`sha256-${"1".repeat(64)}.sig`);
});
