import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";

/** The path of the OCI runtime to use, or null for our own. Accepts a name on PATH or a path, as Podman. */
export function resolveRuntime(name: string | undefined): string | null {
  if (name === undefined || name === "" || name === "coracle" || name === "coracle-runtime") return null;
  if (name.includes("/")) {
    const file = path.resolve(name);
    if (isExecutable(file)) return file;
    throw missing(name);
  }
  // Distributions keep runtimes in sbin, which an ordinary user's PATH need not have.
  const directories = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  for (const directory of directories) {
    const file = path.join(directory || ".", name);
    if (isExecutable(file)) return path.resolve(file);
  }
  throw missing(name);
}

function missing(name: string): EngineError {
  return new EngineError("no-such-runtime", `OCI runtime "${name}" not found`, {
    hint: `install it (\`apt install ${path.basename(name)}\`) or leave out --runtime to use Coracle's own`,
  });
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
