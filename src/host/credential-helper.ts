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
  const program = `docker-credential-${helper}`;
  try {
    const output = execFileSync(program, ["get"], { input: key, stdio: ["pipe", "pipe", "pipe"] });
    const { Username = "", Secret = "" } = JSON.parse(output.toString()) as Record<string, string>;
    return { name: Username, secret: Secret };
  } catch (error) {
    const said = String((error as { stdout?: Buffer }).stdout ?? "").trim();
    if (/credentials not found|no credentials/i.test(said)) return undefined;
    const reason = isErrno(error, "ENOENT") ? "it is not installed" : said || reasonOf(error);
    throw new EngineError("credential-helper", `credential helper ${program} for ${key}: ${reason}`, {
      hint: "see credHelpers in auth.json and ~/.docker/config.json",
      cause: error,
    });
  }
}
