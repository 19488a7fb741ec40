import { EngineError, isErrno, reasonOf } from "../errors.ts";
import { jsonFault } from "../oci/json-fault.ts";
import { childProcess } from "./spawn.ts";

/**
 * What a program of Docker's credential helper protocol says of `key`: the key on stdin, JSON on stdout. Undefined where
 * it knows nothing.
 */
export function askCredentialHelper(
  helper: string,
  key: string,
): { name: string; secret: string } | undefined {
  const output = callHelper(helper, "get", key);
  if (output === undefined) return undefined;
  try {
    const { Username = "", Secret = "" } = JSON.parse(output) as Record<string, string>;
    return { name: Username, secret: Secret };
  } catch (error) {
    throw failed(jsonFault(output), error);
  }
}

export function storeInHelper(
  helper: string,
  key: string,
  { name, secret }: { name: string; secret: string },
) {
  callHelper(helper, "store", JSON.stringify({ ServerURL: key, Username: name, Secret: secret }));
}

/** Harmless where it knows nothing. */
export function eraseFromHelper(helper: string, key: string): void {
  callHelper(helper, "erase", key);
}

const WORK = { get: "getting", store: "storing", erase: "erasing" };

/** What the program prints; undefined where it doesn't know the key. */
function callHelper(helper: string, action: keyof typeof WORK, input: string): string | undefined {
  const program = `docker-credential-${helper}`;
  try {
    return childProcess()
      .execFileSync(program, [action], { input, stdio: ["pipe", "pipe", "pipe"] })
      .toString();
  } catch (error) {
    const said = String((error as { stdout?: Buffer }).stdout ?? "").trim();
    if (/credentials not found|no credentials/i.test(said)) return undefined;
    throw failed(
      `error ${WORK[action]} credentials - err: ${reasonOfEnd(program, error)}, out: \`${said}\``,
      error,
    );
  }
}

/** In Go's words. */
function reasonOfEnd(program: string, error: unknown): string {
  if (isErrno(error, "ENOENT")) return `exec: "${program}": executable file not found in $PATH`;
  const { status } = error as { status?: number | null };
  return typeof status === "number" ? `exit status ${status}` : reasonOf(error);
}

function failed(what: string, cause?: unknown): EngineError {
  return new EngineError("credential-helper", what, {
    hint: "see credHelpers in auth.json and ~/.docker/config.json, and credential-helpers in registries.conf",
    cause,
  });
}
