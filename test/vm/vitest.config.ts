import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  cacheDir: join(process.env.TMPDIR ?? "/tmp", "coracle-vitest-vm"),
  test: {
    include: ["test/vm/**/*.test.ts"],
    pool: "forks",
    // A machine has one processor of its own, and there are few to go round.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
