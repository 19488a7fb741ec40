import { expect, test } from "vitest";
import {
  addSignatureStorage,
  type SignatureStorage,
  usesSigstoreAttachments,
} from "../../../src/oci/registries-d.ts";

const read = (...texts: string[]): SignatureStorage => {
  const storage: SignatureStorage = { sigstoreAttachments: new Map(), lookasides: new Map() };
  for (const [i, text] of texts.entries()) addSignatureStorage(storage, text, `${i}.yaml`);
  return storage;
};

test("the narrowest scope counts, and what has none is the default's", () => {
  const storage = read(
    "# a comment\ndefault-docker:\n  lookaside: file:///x # there\n",
    "docker:\n  r.io:5000:\n    use-sigstore-attachments: true\n  'r.io:5000/a':\n    use-sigstore-attachments: false\n",
  );
  const uses = (...scopes: string[]) => usesSigstoreAttachments(storage, { scopes });
  expect(uses("r.io:5000/b:1", "r.io:5000/b", "r.io:5000")).toBe(true);
  expect(uses("r.io:5000/a:1", "r.io:5000/a", "r.io:5000")).toBe(false);
  expect(uses("q.io")).toBe(false);
  expect(
    usesSigstoreAttachments(read("default-docker:\n    use-sigstore-attachments: true"), { scopes: [] }),
  ).toBe(true);
});

test.each([
  ["docker:\n  a: [b]", "is not KEY: VALUE"],
  ["docker: {a: b}", "is not KEY: VALUE"],
  ["docker:\n- a", "is not KEY: VALUE"],
  ["docker:\n  a:\n    use-sigstore-attachments: maybe", "is not true or false"],
  ["docker:\n  a: b", "is not a mapping"],
  ["dockers:\n", "unknown key"],
  ["docker:\n  a:\n   b: c\n    d: e", "indented too far"],
  ["docker:\n    a:\n  b:\n", "indented oddly"],
  ["docker:\n  a:\n  a:\n", "stands there twice"],
])("wrong: %j", (text, reason) => {
  expect(() => read(text)).toThrow(reason);
});

test("a scope stands in one file", () => {
  const one = "docker:\n  a:\n    use-sigstore-attachments: true";
  expect(() => read(one, one)).toThrow("also defined in 0.yaml");
});
