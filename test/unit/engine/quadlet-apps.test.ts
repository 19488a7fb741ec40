import { expect, test } from "vitest";
import { withoutApps } from "../../../src/engine/quadlet/remove.ts";

test("the name of an application stands for the Quadlets of it", () => {
  const apps = new Map([
    ["one.container", ".shop.app"],
    ["two.volume", ".shop.app"],
    ["shop.conf", ".shop.app"],
    ["web.container", ".web.container.asset"],
  ]);
  expect(withoutApps([".shop.app", "web.container"], apps)).toEqual([
    "one.container",
    "two.volume",
    "web.container",
  ]);
  expect(withoutApps([".none.app"], apps)).toEqual([".none.app"]);
});
