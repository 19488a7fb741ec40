import { expect, test } from "vitest";
import {
  DEFAULT_PATH,
  mergeEnv,
  parseEnvFile,
  parseEnvFlags,
  processEnv,
  proxyVariables,
} from "../../../src/oci/env.ts";

const host = { HOME: "/home/a", LANG: "C", LC_ALL: "de", LC_TIME: "fr", EMPTY: "" };

test("-e takes values, the host's values and prefixes", () => {
  expect(parseEnvFlags(["A=b=c", "HOME", "EMPTY", "MISSING", "LC_*", "E="], host)).toEqual({
    A: "b=c",
    HOME: "/home/a",
    EMPTY: "",
    LC_ALL: "de",
    LC_TIME: "fr",
    E: "",
  });
});

test("a later -e wins", () => {
  expect(parseEnvFlags(["A=1", "A=2"], {})).toEqual({ A: "2" });
});

test.each(["=a", "=", ""])("the variable %j has no name", (text) => {
  expect(() => parseEnvFlags([text], {})).toThrow(`invalid variable: "${text}"`);
});

test("an env-file keeps quotes and trailing spaces, skips comments and empty lines", () => {
  const text = "# comment\n\n  A=b c \nB='x'\n\t#no\nHOME\nMISSING\nC=#1\r\n";
  expect(parseEnvFile(text, host)).toEqual({ A: "b c ", B: "'x'", HOME: "/home/a", C: "#1" });
});

test("a bad line of an env-file is an error", () => {
  expect(() => parseEnvFile("A=1\n=b\n", {})).toThrow('invalid variable: "=b"');
});

test("image < files < flags, and the defaults below all", () => {
  const env = mergeEnv({
    terminal: true,
    image: ["PATH=/bin", "I=1", "F=image", "G=image", "EMPTY"],
    files: { F: "file", G: "file" },
    flags: { G: "flag" },
  });
  expect(env).toEqual({
    PATH: "/bin",
    container: "podman",
    TERM: "xterm",
    I: "1",
    F: "file",
    G: "flag",
    EMPTY: "",
  });
  expect(mergeEnv({ terminal: false })).toEqual({ PATH: DEFAULT_PATH, container: "podman" });
});

test("--unsetenv takes away what was not asked for", () => {
  const sources = { terminal: false, image: ["A=1", "B=1"], flags: { B: "2" } };
  expect(mergeEnv({ ...sources, unset: ["A", "B", "PATH"] })).toEqual({ container: "podman", B: "2" });
  expect(mergeEnv({ ...sources, unsetAll: true })).toEqual({ B: "2" });
});

test("proxies are passed on in both spellings", () => {
  expect(proxyVariables({ http_proxy: "a", HTTPS_PROXY: "b", no_proxy: "", OTHER: "c" })).toEqual({
    http_proxy: "a",
    HTTPS_PROXY: "b",
    no_proxy: "",
  });
});

test("the host's proxies count more than the image's, and --unsetenv isn't for them", () => {
  const proxies = { http_proxy: "host" };
  const env = mergeEnv({
    terminal: false,
    proxies,
    image: ["http_proxy=image", "A=1"],
    unset: ["A", "http_proxy"],
  });
  expect(env).toEqual({ PATH: DEFAULT_PATH, container: "podman", http_proxy: "host" });
});

test("HOME and HOSTNAME are only filled in", () => {
  expect(processEnv({ HOME: "/x", A: "1" }, { home: "/root", hostname: "h" })).toEqual([
    "HOME=/x",
    "A=1",
    "HOSTNAME=h",
  ]);
});
