import { describe, expect, test } from "vitest";
import {
  type AuthFile,
  dockerKey,
  findCredentials,
  parseCredentials,
  withCredentials,
  withoutCredentials,
} from "../../../src/registry/auth-file.ts";

const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
const found = (file: AuthFile, name: string) => {
  const result = findCredentials(file, name);
  return result?.kind === "credentials"
    ? `${result.credentials.username}:${result.credentials.password}`
    : result;
};

describe("the entry that counts", () => {
  const file = {
    auths: {
      "r.example": auth("all:1"),
      "r.example/team": auth("team:2"),
      "r.example/team/app": auth("app:3"),
      "https://index.docker.io/v1/": auth("hub:4"),
      "http://plain.example:5000": auth("plain:a:b"),
      "broken.example": { auth: "" },
    },
  };
  test.each([
    ["r.example", "all:1"],
    ["r.example/other/app", "all:1"],
    ["r.example/team/x", "team:2"],
    ["r.example/team/app", "app:3"],
    ["r.example/teams", "all:1"],
    ["docker.io/library/debian", "hub:4"],
    ["plain.example:5000/x", "plain:a:b"],
    ["plain.example", undefined],
    ["broken.example", undefined],
  ])("of %s is %s", (name, credentials) => {
    expect(found(file, name)).toBe(credentials);
  });

  test("is a helper's where one is named for the registry, or for all", () => {
    const helpers = { ...file, credHelpers: { "r.example": "pass" } };
    expect(found(helpers, "r.example/team")).toEqual({ kind: "helper", helper: "pass", key: "r.example" });
    expect(found(helpers, "docker.io/x")).toBe("hub:4");
    expect(found({ credsStore: "desktop" }, "r.example/x")).toMatchObject({ helper: "desktop" });
  });

  test("may hold an identity token", () => {
    const token = { auths: { r: { ...auth("<token>:"), identitytoken: "t" } } };
    expect(findCredentials(token, "r")).toMatchObject({ credentials: { identityToken: "t" } });
  });
});

test("what is written is found again, and other contents stay", () => {
  const before = { auths: { "a.example": auth("x:y") }, credHelpers: { b: "pass" } };
  const file = withCredentials(before, "r.example/team", { username: "u", password: "p:w" });
  expect(found(file, "r.example/team/x")).toBe("u:p:w");
  expect(file).toMatchObject(before);
  expect(withoutCredentials(file, "r.example/team")).toEqual(before);
  expect(withoutCredentials(file, "r.example")).toBeUndefined();
  const hub = { auths: { "https://index.docker.io/v1/": auth("hub:4") } };
  expect(withoutCredentials(hub, "docker.io")).toEqual({ auths: {} });
});

test("--creds", () => {
  expect(parseCredentials("a:b:c")).toEqual({ username: "a", password: "b:c" });
  expect(parseCredentials("a")).toEqual({ username: "a", password: "" });
  expect(parseCredentials(":x")).toBeUndefined();
});

test("Docker's file has registries only", () => {
  expect(dockerKey("quay.io")).toBe("quay.io");
  expect(dockerKey("docker.io")).toBe("https://index.docker.io/v1/");
  expect(dockerKey("quay.io/team")).toBeUndefined();
});
