import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "./context.ts";

/** Distributions keep helpers in sbin and libexec, which an ordinary user's PATH need not have. */
const more = [
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
  "/usr/libexec/podman",
  "/usr/lib/podman",
];

/** The path of a program of the host, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of [...(process.env.PATH ?? "").split(":"), ...more]) {
    if (!directory.startsWith("/")) continue;
    const file = path.join(directory, name);
    if (isExecutable(file)) return file;
  }
  return undefined;
}

/**
 * A program that Podman looks for in directories of its own: CONTAINERS_HELPER_BINARY_DIR, and helper_binaries_dir of
 * containers.conf where that is set. `$BINDIR` is ours.
 */
export function findHelper(
  { binDir, config }: Context,
  name: string,
  { onPath }: { onPath: boolean },
): string | undefined {
  const configured = config.engine.helper_binaries_dir;
  const { CONTAINERS_HELPER_BINARY_DIR: first } = process.env;
  const directories = [...(first ? [first] : []), ...(configured ?? [])];
  const files = directories.map((directory) =>
    path.resolve(directory.replace(/^\$BINDIR(?=\/|$)/, binDir), name),
  );
  return files.find(isExecutable) ?? (onPath || configured === undefined ? findProgram(name) : undefined);
}

export function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
