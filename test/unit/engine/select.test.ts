import { expect, test } from "vitest";
import { forEach } from "../../../src/engine/container/select.ts";

test("what is named twice is worked on twice, one after the other", async () => {
  const busy = new Set<string>();
  let most = 0;
  const results = await forEach(["a", "b", "a"], async (name) => {
    if (busy.has(name)) throw new Error(`${name} is busy`);
    busy.add(name);
    most = Math.max(most, busy.size);
    await new Promise((resolve) => setTimeout(resolve, 5));
    busy.delete(name);
    return name;
  });
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
  expect(most).toBe(2);
});

test("a failure is the result of its own item only", async () => {
  let calls = 0;
  const results = await forEach(["a", "a"], async () => {
    calls++;
    if (calls === 1) throw new Error("first");
    return calls;
  });
  expect(results).toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: 2 }]);
});
