import { expect, test } from "vitest";
import { proxyFor } from "../../../src/registry/proxy.ts";

const proxies = { HTTP_PROXY: "http://plain:1", HTTPS_PROXY: "tls:2" };
const found = (url: string, env: Record<string, string>) => proxyFor(new URL(url), env)?.href;

test("one for each protocol, with or without its own", () => {
  expect(found("http://r.example/v2/", proxies)).toBe("http://plain:1/");
  expect(found("https://r.example/v2/", proxies)).toBe("http://tls:2/");
  expect(found("https://r.example/", { https_proxy: "http://u:p@low:3" })).toBe("http://u:p@low:3/");
  expect(found("https://r.example/", { HTTP_PROXY: "http://plain:1" })).toBeUndefined();
  expect(found("https://r.example/", {})).toBeUndefined();
});

test.each(["localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"])("%s needs none", (host) => {
  expect(found(`http://${host}/v2/`, proxies)).toBeUndefined();
});

test.each([
  ["*", "r.example", true],
  ["example", "r.example", true],
  ["r.example", "r.example", true],
  ["other, r.example ", "r.example", true],
  ["ample", "r.example", false],
  [".example", "r.example", true],
  ["*.example", "r.example", true],
  [".r.example", "r.example", false],
  ["R.Example", "r.example", true],
  ["r.example:443", "r.example", true],
  ["r.example:444", "r.example", false],
  ["r.example:444", "r.example:444", true],
  ["10.0.0.0/8", "10.1.2.3", true],
  ["10.0.0.0/8", "11.1.2.3", false],
  ["10.0.0.0/99", "10.1.2.3", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["fd00::/8", "[fd00::1]", true],
  ["", "r.example", false],
])("NO_PROXY=%s, %s: %s", (list, host, direct) => {
  expect(found(`https://${host}/v2/`, { ...proxies, NO_PROXY: list }) === undefined).toBe(direct);
  expect(found(`https://${host}/v2/`, { ...proxies, no_proxy: list }) === undefined).toBe(direct);
});
