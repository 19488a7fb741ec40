import { EngineError } from "../errors.ts";
import { type HttpResponse, readBody } from "./http.ts";

/** What a registry's refusal means to the user; `what` was being done. */
export async function registryFailure(
  url: URL,
  response: HttpResponse,
  what: string,
  { loggedIn, idleTimeout }: { loggedIn: boolean; idleTimeout: number },
): Promise<EngineError> {
  const said = registryMessage(
    await readBody(url, response, 1 << 16, idleTimeout).catch(() => Buffer.alloc(0)),
  );
  const { status } = response;
  if (status === 401 || status === 403) {
    const denied = status === 401 ? "unauthorized: authentication required" : "denied: access denied";
    return new EngineError("unauthorized", `${what}: ${said || denied}`, {
      hint: loggedIn
        ? "the account may not do this, or the name is wrong: registries answer so for unknown repositories, too"
        : `\`coracle login ${url.host}\` if the repository is private; check the name: registries answer so for unknown ones, too`,
    });
  }
  if (status === 404) {
    return new EngineError("manifest-unknown", `${what}: ${said || "not found"}`, {
      hint: "check the repository name and the tag",
    });
  }
  if (status === 429) {
    return new EngineError(
      "rate-limited",
      `${what}: registry ${url.host} allows no more requests for now${said && `: ${said}`}`,
      { hint: "wait and try again; logged in users are often allowed more" },
    );
  }
  const code = status >= 500 ? "registry-unavailable" : "registry-failed";
  return new EngineError(code, `${what}: registry ${url.host} answered ${status}${said && `: ${said}`}`);
}

/** The first error of a distribution API answer, as its clients print it: `manifest unknown: no such tag`. */
function registryMessage(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString()) as { errors?: { code?: string; message?: string }[] };
    const code = errors?.[0]?.code?.toLowerCase().replaceAll("_", " ") ?? "";
    const message = errors?.[0]?.message ?? "";
    const text = code === message || code === "" || message === "" ? code || message : `${code}: ${message}`;
    // It ends up on a terminal.
    return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
  } catch {
    return "";
  }
}

/** Whether the same may work the next time: lost connections and server errors. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  if (error.code === "registry-unavailable" || error.code === "rate-limited") return true;
  return error.code === "registry-unreachable" && /reset|closed|stalled/.test(error.message);
}

/** Tries again what may work the next time. */
export async function withRetries<T>(
  work: () => Promise<T>,
  { attempts = 4, delay }: { attempts?: number | undefined; delay?: number | undefined } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isTemporary(error)) throw error;
      const wait = delay ?? 0.25 * 2 ** attempt * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    }
  }
}
