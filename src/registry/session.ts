import { EngineError } from "../errors.ts";
import { addScopes, parseChallenge } from "./challenge.ts";
import { registryFailure } from "./errors.ts";
import { discardBody, type HttpResponse, type Method, readBody, request, type TlsOptions } from "./http.ts";

export interface Credentials {
  username: string;
  password: string;
  /** Given in place of a password by `docker login` to some registries; exchanged for access tokens. */
  identityToken?: string;
}

export interface SessionOptions {
  /** false: HTTPS without checking certificates, and plain HTTP where the registry doesn't speak HTTPS. */
  tlsVerify: boolean;
  certificates?: Omit<TlsOptions, "verify"> | undefined;
  credentials?: Credentials | undefined;
  /** Seconds without a byte after which a connection counts as lost. */
  idleTimeout?: number;
}

export interface Exchange {
  method?: Method;
  headers?: Record<string, string>;
  body?: Blob | Uint8Array | string;
  /** Statuses besides 200 to 299 that are an answer and no failure. */
  accept?: readonly number[];
  signal?: AbortSignal;
}

export interface Answer {
  response: HttpResponse;
  /** Where it came from in the end. */
  url: URL;
}

const maxRedirects = 10;

/** Talks to one registry: finds how it is reached, logs in when it asks for that, follows redirects. */
export class RegistrySession {
  readonly registry: string;
  readonly #options: SessionOptions;
  #base: Promise<URL> | undefined;
  /** Whether anything has come from it. */
  #answered = false;
  /** Value of the Authorization header that the registry took last. */
  #authorization: string | undefined;
  /** What a token has to be good for, what the last one is, and the work to get the next. */
  #scopes: string[] = [];
  #granted = "";
  #renewal: Promise<void> = Promise.resolve();

  constructor(registry: string, options: SessionOptions) {
    this.registry = registry;
    this.#options = options;
  }

  get idleTimeout(): number {
    return this.#options.idleTimeout ?? 60;
  }

  /** `path` below the registry, or the whole address that it told us; `what` is being done, for messages. */
  async exchange(path: string, what: string, options: Exchange = {}): Promise<Answer> {
    this.#base ??= this.#findBase().catch((error: unknown) => {
      // The next request may find it.
      this.#base = undefined;
      throw error;
    });
    const url = new URL(path, await this.#base);
    for (let attempt = 0; ; attempt++) {
      const used = this.#authorization;
      const answer = await this.#follow(url, options);
      const { status } = answer.response;
      if ((status >= 200 && status < 300) || options.accept?.includes(status)) return answer;
      // Twice: a token that another request got meanwhile may not be enough. What we log in with is not for the storage that
      // the registry has sent us to, nor for whom that one names.
      const again = status === 401 && attempt < 2 && answer.url.origin === (await this.#base).origin;
      if (again && (await this.#authorize(url, answer.response, what, used))) continue;
      throw await this.failure(answer, what);
    }
  }

  async failure({ url, response }: Answer, what: string): Promise<EngineError> {
    const loggedIn = this.#options.credentials !== undefined;
    return await registryFailure(url, response, what, { loggedIn, idleTimeout: this.idleTimeout });
  }

  async #follow(start: URL, options: Exchange): Promise<Answer> {
    let url = start;
    for (let hop = 0; hop <= maxRedirects; hop++) {
      // What we log in with is for the registry alone, not for the storage that it sends us to.
      const ours = url.origin === (await this.#base)?.origin;
      const authorization: Record<string, string> =
        this.#authorization !== undefined && ours ? { authorization: this.#authorization } : {};
      const response = await this.#send(url, {
        ...options,
        headers: { ...options.headers, ...authorization },
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) return { response, url };
      await discardBody(response);
      url = this.#checkTarget(url, new URL(location, url), "redirects");
    }
    throw new EngineError("registry-failed", `registry ${start.host}: too many redirects`);
  }

  /** Never from HTTPS to HTTP, unless the caller gave up on TLS; and never to what isn't HTTP, such as a file of ours. */
  #checkTarget(from: URL, to: URL, verb: string): URL {
    if (to.protocol === "https:") return to;
    const toHttp = to.protocol === "http:";
    if (toHttp && (from.protocol === "http:" || !this.#options.tlsVerify)) return to;
    throw new EngineError(
      "insecure-redirect",
      `registry ${from.host} ${verb} to ${to.protocol}//${to.host}`,
      toHttp ? { hint: "--tls-verify=false allows it" } : {},
    );
  }

  async #send(url: URL, { method, headers, body, signal }: Exchange): Promise<HttpResponse> {
    const response = await request(url, {
      ...(this.#answered ? {} : { what: `pinging container registry ${url.host}: Get "${url.origin}/v2/"` }),
      tls: { verify: this.#options.tlsVerify, ...this.#options.certificates },
      ...(method ? { method } : {}),
      ...(headers ? { headers } : {}),
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
    this.#answered = true;
    return response;
  }

  /** HTTPS; with --tls-verify=false also plain HTTP, whichever is spoken at that address. */
  async #findBase(): Promise<URL> {
    const host = this.registry === "docker.io" ? "registry-1.docker.io" : this.registry;
    const https = new URL(`https://${host}`);
    if (this.#options.tlsVerify) return https;
    const http = new URL(`http://${host}`);
    // On this machine nobody listens on the way, and trying TLS first costs more than the rest of the exchange.
    const local = isLoopback(https.hostname);
    if (local && (await this.#speaksHttp(http))) return http;
    try {
      await discardBody(await this.#send(new URL("/v2/", https), {}));
      return https;
    } catch (error) {
      if (local || !(await this.#speaksHttp(http))) throw error;
      return http;
    }
  }

  /** Servers that expect TLS close the connection, or tell it with a 400. */
  async #speaksHttp(base: URL): Promise<boolean> {
    try {
      const response = await this.#send(new URL("/v2/", base), {});
      await discardBody(response);
      return response.status !== 400;
    } catch {
      return false;
    }
  }

  /** Meets the challenge of a 401; false where there is nothing more to offer. */
  async #authorize(
    url: URL,
    response: HttpResponse,
    what: string,
    used: string | undefined,
  ): Promise<boolean> {
    const { credentials } = this.#options;
    const challenge = parseChallenge(response.headers.get("www-authenticate") ?? "");
    if (challenge?.scheme === "bearer") {
      await discardBody(response);
      const { parameters } = challenge;
      this.#scopes = addScopes(this.#scopes, parameters.scope ?? "");
      const renewal = this.#renewal
        .catch(() => {})
        .then(async () => {
          const scopes = this.#scopes;
          if (this.#authorization !== used && this.#granted === scopes.join(" ")) return;
          this.#authorization = `Bearer ${await this.#fetchToken(url, parameters, scopes, what)}`;
          this.#granted = scopes.join(" ");
        });
      this.#renewal = renewal;
      await renewal;
      return true;
    }
    if (challenge?.scheme !== "basic" || credentials === undefined) return false;
    const authorization = basic(credentials);
    if (this.#authorization === authorization) return false;
    await discardBody(response);
    this.#authorization = authorization;
    return true;
  }

  /** Distribution's token authentication: anonymous, with name and password, or for an identity token (OAuth 2). */
  async #fetchToken(
    registry: URL,
    { realm, service }: Record<string, string>,
    scopes: readonly string[],
    what: string,
  ): Promise<string> {
    if (realm === undefined || !URL.canParse(realm)) {
      throw new EngineError(
        "registry-failed",
        `registry ${registry.host}: unusable authentication challenge`,
      );
    }
    const url = this.#checkTarget(registry, new URL(realm), "sends for a token");
    const response = await this.#askForToken(url, service, scopes);
    if (response.status !== 200) throw await this.failure({ url, response }, what);
    const body = await readBody(url, response, 1 << 20, this.idleTimeout);
    let answer: { token?: unknown; access_token?: unknown } = {};
    try {
      answer = JSON.parse(body.toString()) as typeof answer;
    } catch {
      // falls through to the error below
    }
    const token = answer.token ?? answer.access_token;
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
    throw new EngineError("registry-failed", `${url.host}: the answer holds no usable token`);
  }

  async #askForToken(
    url: URL,
    service: string | undefined,
    scopes: readonly string[],
  ): Promise<HttpResponse> {
    const { credentials } = this.#options;
    const query = new URLSearchParams();
    if (service !== undefined) query.set("service", service);
    if (credentials?.identityToken) {
      query.set("grant_type", "refresh_token");
      query.set("refresh_token", credentials.identityToken);
      query.set("client_id", "coracle");
      if (scopes.length > 0) query.set("scope", scopes.join(" "));
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return await this.#send(url, { method: "POST", headers, body: query.toString() });
    }
    for (const scope of scopes) query.append("scope", scope);
    if (credentials) query.set("account", credentials.username);
    const full = new URL(url);
    for (const [name, value] of query) full.searchParams.append(name, value);
    return await this.#send(full, credentials ? { headers: { authorization: basic(credentials) } } : {});
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
