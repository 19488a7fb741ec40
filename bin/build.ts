/**
 * Builds what lies beside the native programs: dist/engine (one executable, compiled by Bun), dist/engine.cjs (the same
 * program for Node) and dist/hello.oci.tar (the embedded image). Run by `npm run build`, after make.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ociArchive } from "./oci-archive.ts";

const root = join(import.meta.dirname, "..");
const entry = join(root, "src/cli/main.ts");

function compilerPackage(): string {
  if (process.arch === "arm64") return "bun-linux-aarch64";
  // The usual build of Bun for x64 has AVX2 instructions, and so has every program that it makes.
  const avx2 = /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
  return avx2 ? "bun-linux-x64" : "bun-linux-x64-baseline";
}

function fail(message: string): never {
  console.error(`Error: ${message}`);
  process.exit(1);
}

function bundle(outfile: string, mode: number, options: string[]): void {
  const bun = join(root, "node_modules/@oven", compilerPackage(), "bin/bun");
  if (!existsSync(bun)) fail(`the compiler is missing: ${bun}; run \`npm ci\``);
  const fresh = `${outfile}.new`;
  // @oclif/core reaches for the TypeScript compiler when it runs from sources, which a bundle never does.
  const externals = ["--external", "typescript", "--external", "ts-node"];
  const arguments_ = ["build", entry, "--minify", ...externals, ...options, "--outfile", fresh];
  const { status, signal } = spawnSync(bun, arguments_, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) fail(`${bun} ended with ${signal ?? `exit code ${status}`} at ${outfile}`);
  chmodSync(fresh, mode);
  renameSync(fresh, outfile);
}

/** A fixed date: the same build gives the same image. */
const CREATED = "2026-11-22T00:00:00Z";

function helloImage(): Buffer {
  const passwd = "root:x:0:0:root:/:/hello\n";
  const files = [
    { path: "hello", data: readFileSync(join(root, "dist/hello")), mode: 0o755 },
    { path: "etc/", type: "directory" as const },
    { path: "etc/passwd", data: passwd },
  ];
  return ociArchive({
    reference: "localhost/hello:latest",
    layers: [files],
    config: { Cmd: ["/hello"] },
    created: CREATED,
  });
}

// A compiled program would read `.env` and `bunfig.toml` of whatever directory it is called in.
const standalone = [
  "--compile",
  "--bytecode",
  // In chunks, so that a command reads only its own: some 200 page faults less.
  "--format=esm",
  "--splitting",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

writeFileSync(join(root, "dist/hello.oci.tar"), helloImage());
bundle(join(root, "dist/engine"), 0o755, standalone);
bundle(join(root, "dist/engine.cjs"), 0o644, ["--target=node", "--format=cjs"]);
