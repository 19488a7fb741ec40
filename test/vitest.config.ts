import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const scratch = process.env.CORACLE_TEST_TMP || join(tmpdir(), `coracle-vitest-${process.getuid?.()}`);

function suite(name: string, testTimeout: number) {
  const include = [`test/${name}/**/*.test.ts`];
  const poll = { timeout: 10_000 };
  return {
    extends: true as const,
    test: { name, include, testTimeout, hookTimeout: 2 * testTimeout, expect: { poll } },
  };
}

export default defineConfig({
  root: join(import.meta.dirname, ".."),
  // The tests may run in a tree that belongs to somebody else.
  cacheDir: join(scratch, "cache"),
  test: {
    reporters: ["default", join(import.meta.dirname, "support/summary-reporter.ts")],
    pool: "forks",
    // Most of the time the workers wait for containers.
    maxWorkers: availableParallelism(),
    projects: [
      // Some start programs.
      suite("unit", 30_000),
      suite("integration", 60_000),
      suite("native", 60_000),
      suite("e2e", 60_000),
      suite("differential", 60_000),
    ],
  },
});
