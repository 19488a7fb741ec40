import { expect, test } from "vitest";
import { addScopes, parseChallenge } from "../../../src/registry/challenge.ts";

test("Docker Hub's", () => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"';
  expect(parseChallenge(header)).toEqual({
    scheme: "bearer",
    parameters: {
      realm: "https://auth.docker.io/token",
      service: "registry.docker.io",
      scope: "repository:a/b:pull",
    },
  });
});

test("spaces, bare values and escapes", () => {
  expect(parseChallenge(' BEARER  Realm = "a\\"b" , service=x')).toEqual({
    scheme: "bearer",
    parameters: { realm: 'a"b', service: "x" },
  });
});

test("a scheme alone", () => {
  expect(parseChallenge("Basic")).toEqual({ scheme: "basic", parameters: {} });
});

test("nothing", () => {
  expect(parseChallenge("")).toBeUndefined();
});

test("scopes add up", () => {
  const pull = addScopes([], "repository:a/b:pull");
  expect(pull).toEqual(["repository:a/b:pull"]);
  const push = addScopes(pull, "repository:a/b:pull,push repository:r:5/c:pull");
  expect(push).toEqual(["repository:a/b:pull,push", "repository:r:5/c:pull"]);
  expect(addScopes(push, "repository:a/b:pull")).toEqual(push);
  expect(addScopes([], "")).toEqual([]);
});
