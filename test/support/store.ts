/** A context whose store is a directory of its own, for tests that call storage and engine in this process. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";
import { noConfiguration } from "../../src/host/config/configuration.ts";
import type { Context } from "../../src/host/context.ts";

export function testContext(graphRoot: string): Context {
  const prefix = process.env.CORACLE_TEST_PREFIX || join(import.meta.dirname, "../..");
  // An installed `coracle` is a link to where the native programs lie together.
  const binDir = dirname(realpathSync(join(prefix, "bin/coracle")));
  return {
    graphRoot,
    runRoot: join(graphRoot, "run"),
    binDir,
    libDir: join(dirname(binDir), "dist"),
    namespace: "single",
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    home: graphRoot,
    aliveFile: null,
    options: {},
    config: noConfiguration,
    storage: { imageStores: [] },
    volumeRoot: join(graphRoot, "volumes"),
  };
}

/** A fresh store for each test of the file. */
export function useStore(): () => Context {
  let directory: string | undefined;
  afterEach(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    directory = undefined;
  });
  return () => {
    directory ??= mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "store-"));
    return testContext(directory);
  };
}
