import type { Dispatcher } from "undici";
import { EngineError } from "../errors.ts";
import { proxyFor } from "./proxy.ts";

/** One HTTP exchange; the only module that knows the HTTP library. Redirects are the caller's business. */
export interface HttpRequest {
  method?: Method;
  headers?: Record<string, string>;
  body?: Blob | Uint8Array | string;
  tls: TlsOptions;
  signal?: AbortSignal;
  /** What fails if nothing can be exchanged; `registry HOST` where not given. */
  what?: string;
}

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH";

export interface TlsOptions {
  /** false: certificates are not checked. */
  verify: boolean;
  /** More certificates to trust, and one to show, as PEM. */
  ca?: string[];
  cert?: string;
  key?: string;
}

export interface HttpResponse {
  status: number;
  headers: { get(name: string): string | null };
  body: ReadableStream<Uint8Array> | null;
}

type Fetch = (url: string, init: Record<string, unknown>) => Promise<HttpResponse>;

/** Seconds until a registry must have begun to answer, and bytes in a second, less than which nobody is that slow. */
const answerTimeout = 30;
const slowest = 16 * 1024;

/** Those of the machine, once they have been needed: reading them takes longer than a small exchange. */
let systemCertificates: string[] = [];

export async function request(url: URL, options: HttpRequest): Promise<HttpResponse> {
  try {
    return await exchange(url, options);
  } catch (error) {
    const isUntrusted =
      options.tls.verify && error instanceof EngineError && error.message.includes(UNTRUSTED);
    if (!isUntrusted || systemCertificates.length > 0) throw error;
    const { readSystemCertificates } = await import("./certificates.ts");
    systemCertificates = readSystemCertificates();
    if (systemCertificates.length === 0) throw error;
    return await exchange(url, options);
  }
}

async function exchange(url: URL, options: HttpRequest): Promise<HttpResponse> {
  const undici = await import("undici");
  const tls = tlsSettings(url, options.tls, systemCertificates);
  const proxy = proxyFor(url, process.env);
  const answered = new AbortController();
  const timeout = answerTimeout + bodySize(options.body) / slowest;
  const timer = setTimeout(() => answered.abort(), timeout * 1000);
  const signals = options.signal ? [answered.signal, options.signal] : [answered.signal];
  const init = {
    method: options.method ?? "GET",
    headers: { "user-agent": "coracle", ...options.headers },
    redirect: "manual",
    signal: AbortSignal.any(signals),
    ...(options.body === undefined ? {} : { body: options.body }),
    // Node's way, and Bun's (which puts its own fetch in the place of undici's).
    ...(tls || proxy ? { dispatcher: dispatcherFor(undici, tls, proxy) } : {}),
    ...(tls ? { tls } : {}),
    proxy: proxy?.href ?? false,
  };
  try {
    return await (undici.fetch as unknown as Fetch)(url.href, init);
  } catch (error) {
    throw connectionError(url, error, { what: options.what, timedOut: answered.signal.aborted });
  } finally {
    clearTimeout(timer);
  }
}

const dispatchers = new Map<string, Dispatcher>();

/** Connections are kept, so one for all requests of a kind. */
function dispatcherFor(
  { Agent, ProxyAgent }: typeof import("undici"),
  tls: object | undefined,
  proxy: URL | undefined,
): Dispatcher {
  const key = JSON.stringify([tls, proxy?.href]);
  const made =
    dispatchers.get(key) ??
    (proxy
      ? new ProxyAgent({ uri: proxy.href, proxyTunnel: false, ...(tls ? { requestTls: tls } : {}) })
      : new Agent({ connect: tls as object }));
  dispatchers.set(key, made);
  return made;
}

function bodySize(body: HttpRequest["body"]): number {
  if (body === undefined) return 0;
  return typeof body === "string" ? body.length : body instanceof Blob ? body.size : body.byteLength;
}

/** What differs from the platform's own way to check certificates; undefined for nothing. */
function tlsSettings(
  url: URL,
  { verify, ca = [], cert, key }: TlsOptions,
  system: readonly string[],
): object | undefined {
  const extra = [...ca, ...system];
  if (url.protocol !== "https:" || (verify && extra.length === 0 && !cert)) return undefined;
  const { rootCertificates } = process.getBuiltinModule("node:tls");
  return {
    rejectUnauthorized: verify,
    // They would take the place of those that are built in; what the registry redirects to may need these.
    ...(extra.length > 0 ? { ca: [...rootCertificates, ...extra] } : {}),
    ...(cert ? { cert, key } : {}),
  };
}

/** Codes of the OpenSSL and BoringSSL failures that mean: this is no certificate we trust, or no TLS at all. */
function isTlsFailure(code: string, message: string): boolean {
  return (
    /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|EPROTO/.test(code) ||
    /certificate|SSL|TLS|wrong version/i.test(message)
  );
}

const UNTRUSTED = "tls: failed to verify certificate: x509: ";

/** In Go's words, which scripts look for, and the library's. */
function tlsReason(code: string, message: string): string {
  if (code === "EPROTO" || /wrong.version/i.test(message))
    return "http: server gave HTTP response to HTTPS client";
  const [said] = message.split("\n");
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code))
    return `${UNTRUSTED}certificate signed by unknown authority (${said})`;
  if (/EXPIRED|NOT_YET_VALID/.test(code))
    return `${UNTRUSTED}certificate has expired or is not yet valid (${said})`;
  return `${UNTRUSTED}${said}`;
}

function connectionError(
  url: URL,
  error: unknown,
  { what = `registry ${url.host}`, timedOut = false }: { what?: string | undefined; timedOut?: boolean } = {},
): EngineError {
  if (error instanceof EngineError) return error;
  const cause = (error as { cause?: unknown }).cause ?? error;
  const code = String((cause as NodeJS.ErrnoException).code ?? "");
  const message = (cause as Error).message || String(cause);
  if (url.protocol === "https:" && isTlsFailure(code, message)) {
    return new EngineError("tls-failed", `${what}: ${tlsReason(code, message)}`, {
      hint: "--tls-verify=false allows plain HTTP and unknown certificates; else install the registry's CA",
      cause: error,
    });
  }
  const reasons: Record<string, string> = {
    ECONNREFUSED: "connect: connection refused",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "name lookup failed",
    ETIMEDOUT: "connect: connection timed out",
    UND_ERR_CONNECT_TIMEOUT: "connect: connection timed out",
    ECONNRESET: "connection reset",
    UND_ERR_SOCKET: "connection closed",
    EHOSTUNREACH: "connect: no route to host",
    ENETUNREACH: "connect: network is unreachable",
  };
  const reason = timedOut ? `no answer within ${answerTimeout} s` : (reasons[code] ?? message.split("\n")[0]);
  return new EngineError("registry-unreachable", `${what}: ${reason}`, {
    hint: "check the registry's name and port and the network",
    cause: error,
  });
}

/** Bytes in a second that the slowest of lines bring. */
const trickle = 128;

/** The body piece by piece; a registry that sends nothing, or next to nothing, for `idleTimeout` seconds is given up. */
export async function* readChunks(
  url: URL,
  response: HttpResponse,
  idleTimeout: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel);
  let [waited, came] = [0, 0];
  try {
    for (;;) {
      const asked = performance.now();
      const idle = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(stalled(url, idleTimeout)), idleTimeout * 1000);
      });
      const { done, value } = await Promise.race([reader.read(), idle]);
      clearTimeout(timer);
      signal?.throwIfAborted();
      if (done) return;
      waited += performance.now() - asked;
      came += value.length;
      if (waited > idleTimeout * 1000) {
        if (came < idleTimeout * trickle) throw stalled(url, idleTimeout);
        [waited, came] = [0, 0];
      }
      yield value;
    }
  } catch (error) {
    throw connectionError(url, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

function stalled(url: URL, idleTimeout: number): EngineError {
  return new EngineError("registry-unreachable", `registry ${url.host}: stalled for ${idleTimeout} s`, {
    hint: "check the network, and pull again",
  });
}

/** The whole body, if it isn't larger than expected, and comes in a time that fits its size. */
export async function readBody(
  url: URL,
  response: HttpResponse,
  maxSize: number,
  idleTimeout: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const end = Date.now() + (idleTimeout + maxSize / slowest) * 1000;
  for await (const chunk of readChunks(url, response, idleTimeout)) {
    size += chunk.length;
    if (size > maxSize) {
      throw new EngineError("too-large", `registry ${url.host}: answer of more than ${maxSize} bytes`);
    }
    chunks.push(chunk);
    if (Date.now() > end) throw stalled(url, Math.round(idleTimeout + maxSize / slowest));
  }
  return Buffer.concat(chunks);
}

/** Frees the connection of an answer whose body is of no interest. */
export async function discardBody(response: HttpResponse): Promise<void> {
  await response.body?.cancel().catch(() => {});
}
