import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { secretDriver } from "../../../src/storage/secret-drivers.ts";
import { hasProgram, skipUnless } from "../../support/requirements.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "secret-drivers-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const secret = { id: "f00", name: "one" };

test("shell: commands keep the secret", () => {
  const file = `'${directory}'/$SECRET_ID`;
  const commands = { store: `cat >${file}`, lookup: `cat ${file}`, delete: `rm -f ${file}`, list: "true" };
  const driver = secretDriver("shell", commands);
  driver.store(secret, Buffer.from("hello\0"));
  expect(readdirSync(directory)).toEqual(["f00"]);
  expect(driver.lookup("f00").toString()).toBe("hello\0");
  driver.delete("f00");
  expect(readdirSync(directory)).toEqual([]);
});

test("shell: a command that fails", () => {
  const options = { store: "exit 3", lookup: "exit 1", delete: "exit 1", list: "true" };
  const driver = secretDriver("shell", options);
  expect(() => driver.store(secret, Buffer.from("x"))).toThrow("storing secret data one: exit status 3");
  expect(() => driver.lookup("f00")).toThrow("f00: no such secret");
  expect(() => driver.delete("f00")).toThrow("f00: no such secret");
});

test("options that a driver doesn't have, or needs", () => {
  expect(() => secretDriver("shell", { stor: "true" })).toThrow('invalid shell driver option: "stor"');
  expect(() => secretDriver("shell", { store: "true" })).toThrow("missing config value");
  expect(() => secretDriver("nosuch", {})).toThrow("invalid driver");
});

test("pass: a file encrypted for the key of the store's nearest .gpg-id", (context) => {
  skipUnless(context, hasProgram("gpg"));
  const [root, gpghomedir] = [join(directory, "store/below"), join(directory, "gpg")];
  mkdirSync(root, { recursive: true });
  mkdirSync(gpghomedir, { mode: 0o700 });
  const gpg = (...args: string[]) => execFileSync("gpg", ["--homedir", gpghomedir, "--batch", "-q", ...args]);
  gpg("--passphrase", "", "--quick-gen-key", "me@there", "future-default", "default", "never");
  try {
    writeFileSync(join(directory, "store/.gpg-id"), "me@there\n");
    const driver = secretDriver("pass", { root, gpghomedir });
    driver.store(secret, Buffer.from("hello"));
    expect(readdirSync(root)).toEqual(["f00.gpg"]);
    expect(gpg("--decrypt", join(root, "f00.gpg")).toString()).toBe("hello");
    expect(driver.lookup("f00").toString()).toBe("hello");
    driver.delete("f00");
    expect(() => driver.lookup("f00")).toThrow("f00: no such secret");
    expect(() => driver.delete("f00")).toThrow("f00: no such secret");
  } finally {
    execFileSync("gpgconf", ["--homedir", gpghomedir, "--kill", "gpg-agent"]);
  }
});
