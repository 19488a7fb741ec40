import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const rules = createRequire(import.meta.url)("../support/import-rules.cjs");

async function check(baseDir: string): Promise<ICruiseResult> {
  const { forbidden, options } = rules;
  const folders = ["src", "commands"];
  const tsConfig = extractTSConfig(join(baseDir, "tsconfig.json"));
  const settings = { ...options, baseDir, ruleSet: { forbidden }, validate: true };
  const { output } = await cruise(folders, settings, undefined, { tsConfig });
  if (typeof output === "string") throw new Error(output);
  return output;
}

function violations(result: ICruiseResult): string[] {
  return result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
}

test("every module keeps to the import rules", { timeout: 30_000 }, async () => {
  const result = await check(root);
  expect(violations(result)).toEqual([]);
  // A checker that reads no module finds no violation either.
  const files = globSync("{src,commands}/**/*.ts", { cwd: root });
  expect(files.length).toBeGreaterThan(20);
  expect(result.modules.map(({ source }) => source)).toEqual(expect.arrayContaining(files));
});

const seeds: Record<string, [file: string, text: string]> = {
  "layer-oci: src/oci/a.ts → src/host/x.ts": ["src/oci/a.ts", 'import "../host/x.ts";'],
  "layer-storage: src/storage/a.ts → src/registry/x.ts": ["src/storage/a.ts", 'import "../registry/x.ts";'],
  "layer-engine: src/engine/a.ts → src/cli/x.ts": [
    "src/engine/a.ts",
    'import type { X } from "../cli/x.ts";',
  ],
  "layer-cli: src/cli/a.ts → commands/x.ts": ["src/cli/a.ts", 'await import("../../commands/x.ts");'],
  "owner-undici: src/engine/b.ts → node_modules/undici/index.js": ["src/engine/b.ts", 'import "undici";'],
  "commands-stay-thin: commands/a.ts → src/storage/x.ts": ["commands/a.ts", 'import "../src/storage/x.ts";'],
  "oci-is-pure: src/oci/b.ts → fs": ["src/oci/b.ts", 'import "node:fs";'],
  "processes-start-in-host: src/runtime/a.ts → child_process": [
    "src/runtime/a.ts",
    'import "node:child_process";',
  ],
  "no-cycles: src/network/a.ts → src/network/b.ts": ["src/network/a.ts", 'import "./b.ts";'],
  "no-test-in-product: src/host/a.ts → test/x.ts": ["src/host/a.ts", 'import "../../test/x.ts";'],
};

test("violations are found", { timeout: 30_000 }, async () => {
  const tree = mkdtempSync(join(tmpdir(), "import-rules-"));
  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), `${text}\n`);
  };
  try {
    cpSync(join(root, "tsconfig.json"), join(tree, "tsconfig.json"));
    put("node_modules/undici/package.json", '{ "name": "undici", "main": "index.js" }');
    put("node_modules/undici/index.js", "");
    for (const folder of ["src/host", "src/registry", "src/cli", "src/storage", "commands", "test"]) {
      put(`${folder}/x.ts`, "export type X = 1;");
    }
    put("src/network/b.ts", 'import "./a.ts";');
    for (const [file, text] of Object.values(seeds)) put(file, text);
    expect(violations(await check(tree)).sort()).toEqual(Object.keys(seeds).sort());
  } finally {
    rmSync(tree, { recursive: true });
  }
});
