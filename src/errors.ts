/**
 * An expected failure: one line for the user, with what to do next. Anything else that is thrown is a bug.
 * `code` is stable; `exitCode` is the process exit code (125: the engine's own failure, as Podman has it).
 */
export class EngineError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(
    code: string,
    message: string,
    options: { hint?: string | undefined; cause?: unknown; exitCode?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "EngineError";
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 125;
  }
}

/** The same failure, with something in front of what it says or another exit code. */
export function rephrase(
  error: unknown,
  { prefix = "", exitCode }: { prefix?: string; exitCode?: number },
): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.code, prefix + error.message, {
    hint: error.hint,
    cause: error,
    exitCode: exitCode ?? error.exitCode,
  });
}

export function isErrno(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** Where Node's words are others than the system's, which Go has too. */
const reasons: Readonly<Record<string, string>> = {
  EBUSY: "device or resource busy",
  EEXIST: "file exists",
  EISDIR: "is a directory",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
  ETXTBSY: "text file busy",
  EXDEV: "invalid cross-device link",
};

/** What the system says went wrong, without the code and the call that Node adds: `permission denied`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, code = "", reason = message] = /^(E[A-Z0-9]+): ([^,]*)/.exec(message) ?? [];
  return reasons[code] ?? reason;
}

/** A user namespace keeps the limit of the command that made it. */
export const tooManyProcesses =
  "too many processes: raise `ulimit -u`, also where the first of the running containers was started, or the cgroup's pids.max";

const remedies: Readonly<Record<string, string>> = {
  EAGAIN: tooManyProcesses,
  ENOSPC: "free space on that file system",
  EDQUOT: "free space, or ask for a larger quota",
  EROFS: "choose another place with --root",
};

/** What to do about what the machine refused, where that is the same whatever was to be done. */
export function remedyOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? remedies[String(error.code)] : undefined;
}
