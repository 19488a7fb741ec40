import { expect, test } from "vitest";
import { parseSecret } from "../../../src/oci/secret-flag.ts";

const plain = { name: "s", id: "", type: "mount", target: "", uid: 0, gid: 0, mode: 0o444 };

test.each([
  ["s", plain],
  ["source=s,target=/x", { ...plain, target: "/x" }],
  ["s,uid=5,gid=6,mode=0400", { ...plain, uid: 5, gid: 6, mode: 0o400 }],
  ["s,type=env", { ...plain, type: "env", target: "s" }],
  ["s,type=env,target=V", { ...plain, type: "env", target: "V" }],
])("--secret %s", (text, secret) => {
  expect(parseSecret(text)).toEqual(secret);
});

test.each([
  ["s,type=foo", "type foo is invalid: parsing secret"],
  ["s,type=env,type=mount", "cannot set more than one secret type: parsing secret"],
  ["s,mode=abc", "mode abc invalid: parsing secret"],
  ["s,uid=abc", "UID abc invalid: parsing secret"],
  ["s,foo=bar", "option foo=bar invalid: parsing secret"],
  ["s,foo", "option foo must be in form option=value: parsing secret"],
  ["s,type=env,uid=5", "UID, GID, Mode options cannot be set with secret type env: parsing secret"],
  ["type=mount,target=x", "no source found type=mount,target=x: parsing secret"],
])("--secret %s is refused", (text, message) => {
  expect(() => parseSecret(text)).toThrow(message);
});
