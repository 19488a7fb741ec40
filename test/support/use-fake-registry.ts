import { afterAll, afterEach, beforeAll } from "vitest";
import { FakeRegistry } from "./fake-registry.ts";

/** A registry for the tests of the file, or of the `describe` that calls it; each test finds it as it was when it started. */
export function useFakeRegistry(): FakeRegistry {
  const registry = FakeRegistry.idle();
  beforeAll(async () => {
    await registry.listen();
  });
  afterEach(() => registry.reset());
  afterAll(() => registry.stop());
  return registry;
}
