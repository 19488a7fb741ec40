import * as fs from "node:fs";
import * as path from "node:path";

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

export function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
