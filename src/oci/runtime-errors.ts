/** What Podman makes of a runtime's message, by the exit code that stands for it; scripts look for it. */
export const podmansWords: Readonly<Record<number, string>> = {
  126: "OCI permission denied",
  127: "OCI runtime attempted to invoke a command that was not found",
};

const exitCodes: Readonly<Record<string, number>> = { "not-executable": 126, "command-not-found": 127 };

/** A failed start as `inspect` tells it. */
export function explainStartError({ code, message }: { code: string; message: string }): string {
  const words = podmansWords[exitCodes[code] ?? 0];
  return words === undefined ? message : `${message}: ${words}`;
}
