import { execFileSync } from "node:child_process";
import { EngineError, isErrno, reasonOf } from "../errors.ts";

/**
 * What a program of Docker's credential helper protocol says of `key`: the key on stdin, JSON on stdout. Undefined where
 * it knows nothing.
 */
export function askCredentialHelper(
  helper: string,
  key: string,
): { name: string; secret: string } | undefined {
  const output = callHelper(helper, "get", key, key);
  if (output === undefined) return undefined;
  const { Username = "", Secret = "" } = JSON.parse(output) as Record<string, string>;
  return { name: Username, secret: Secret };
}

export function storeInHelper(
  helper: string,
  key: string,
  { name, secret }: { name: string; secret: string },
) {
  callHelper(helper, "store", key, JSON.stringify({ ServerURL: key, Username: name, Secret: secret }));
}

/** Harmless where it knows nothing. */
export function eraseFromHelper(helper: string, key: string): void {
  callHelper(helper, "erase", key, key);
}

/** What the program prints; undefined where it doesn't know the key. */
function callHelper(helper: string, action: string, key: string, input: string): string | undefined {
  const program = `docker-credential-${helper}`;
  try {
    return execFileSync(program, [action], { input, stdio: ["pipe", "pipe", "pipe"] }).toString();
  } catch (error) {
    const said = String((error as { stdout?: Buffer }).stdout ?? "").trim();
    if (/credentials not found|no credentials/i.test(said)) return undefined;
    const reason = isErrno(error, "ENOENT") ? "it is not installed" : said || reasonOf(error);
    throw new EngineError("credential-helper", `credential helper ${program} for ${key}: ${reason}`, {
      hint: "see credHelpers in auth.json and ~/.docker/config.json, and credential-helpers in registries.conf",
      cause: error,
    });
  }
}
