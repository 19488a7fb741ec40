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
    return new RegistryBusy(
      "rate-limited",
      `${what}: registry ${url.host} allows no more requests for now${said && `: ${said}`}`,
      { hint: "wait and try again; logged in users are often allowed more" },
      response,
    );
  }
  const text = `${what}: registry ${url.host} answered ${status}${said && `: ${said}`}`;
  if (status >= 500) return new RegistryBusy("registry-unavailable", text, {}, response);
  return new EngineError("registry-failed", text);
}

/** A registry that asks to come again later. */
class RegistryBusy extends EngineError {
  /** Seconds. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: { hint?: string }, response: HttpResponse) {
    super(code, message, options);
    this.retryAfter = parseRetryAfter(response.headers.get("retry-after"));
  }
}

/** Seconds that a Retry-After header asks to wait: it has them, or a date. */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  const text = header?.trim() ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(seconds, 0);
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

/** Whether nobody was there to talk to: a registry that is about to start, or a network. */
function isNotThere(error: unknown): error is EngineError {
  return (
    error instanceof EngineError &&
    error.code === "registry-unreachable" &&
    error.message.includes("connect: ")
  );
}

/** Nobody waits longer than that for a registry that says when to come again. */
const longestWait = 60;

/** Tries again what may work the next time, later and later, and not before the registry wants it. */
export async function withRetries<T>(
  work: () => Promise<T>,
  { attempts = 4, delay, signal, patient = false, onRetry }: Retries = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const notThere = patient && isNotThere(error);
      if (attempt >= attempts || !(notThere || isTemporary(error))) throw error;
      const asked = error instanceof RegistryBusy ? (error.retryAfter ?? 0) : 0;
      const growing = notThere ? 2 ** (attempt - 1) : 0.25 * 2 ** attempt * (0.5 + Math.random());
      const wait = Math.max(delay ?? growing, Math.min(asked, longestWait));
      if (notThere) onRetry?.({ error, wait, attempt, retries: attempts - 1 });
      const { setTimeout: sleep } = process.getBuiltinModule("node:timers/promises");
      await sleep(wait * 1000, undefined, signal ? { signal } : {});
    }
  }
}

export interface Retries {
  attempts?: number | undefined;
  /** Seconds in between; growing where not given. */
  delay?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Wait for a registry that isn't there, too. */
  patient?: boolean | undefined;
  onRetry?: OnRetry | undefined;
}

/** Is told of a registry that is waited for: `wait` in seconds. */
export type OnRetry = (retry: { error: EngineError; wait: number; attempt: number; retries: number }) => void;
