import { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import { digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import { manifestMediaTypes, maxManifestSize } from "../oci/image-manifest.ts";
import type { FullReference } from "../oci/reference.ts";
import { parseChallenge } from "./challenge.ts";
import { discardBody, type HttpResponse, readBody, readChunks, request } from "./http.ts";

/** Pull side of the distribution API for one repository of one registry, anonymous. */
export interface RegistryOptions {
  /** false: HTTPS without checking certificates, and plain HTTP where the registry doesn't speak HTTPS. */
  tlsVerify: boolean;
  /** Seconds without a byte after which a connection counts as lost. */
  idleTimeout?: number;
}

export interface FetchedManifest {
  bytes: Buffer;
  digest: string;
  mediaType: string | undefined;
}

const maxRedirects = 10;
const attempts = 4;

export class RegistryClient {
  readonly #reference: FullReference;
  readonly #options: RegistryOptions;
  #base: Promise<URL> | undefined;
  #token: string | undefined;

  constructor(reference: FullReference, options: RegistryOptions) {
    this.#reference = reference;
    this.#options = options;
  }

  get #idleTimeout(): number {
    return this.#options.idleTimeout ?? 60;
  }

  /** Name of the repository in messages. */
  get #name(): string {
    return `${this.#reference.registry}/${this.#reference.repository}`;
  }

  /** The manifest or index of a tag or digest. Asked for by digest, its bytes are verified. */
  async manifest(tagOrDigest: string, size?: number): Promise<FetchedManifest> {
    const what = `reading manifest ${tagOrDigest} in ${this.#name}`;
    return await withRetries(async () => {
      const accept = manifestMediaTypes.join(", ");
      const { response, url } = await this.#get(`manifests/${tagOrDigest}`, what, { accept });
      const bytes = await readBody(url, response, maxManifestSize, this.#idleTimeout);
      const digest = digestOf(bytes);
      if (tagOrDigest.startsWith("sha256:"))
        verify(what, { digest: tagOrDigest, size }, digest, bytes.length);
      const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim();
      return { bytes, digest, mediaType };
    });
  }

  /** A small blob as a whole, verified. */
  async smallBlob(descriptor: Descriptor, maxSize: number): Promise<Buffer> {
    const what = `reading blob ${descriptor.digest} in ${this.#name}`;
    return await withRetries(async () => {
      const { response, url } = await this.#get(`blobs/${descriptor.digest}`, what);
      const bytes = await readBody(url, response, Math.min(descriptor.size + 1, maxSize), this.#idleTimeout);
      verify(what, descriptor, digestOf(bytes), bytes.length);
      return bytes;
    });
  }

  /** A blob as a stream, resumed where a connection is lost; its reader verifies it. */
  async blob(descriptor: Descriptor): Promise<Readable> {
    const first = await withRetries(() => this.#openBlob(descriptor, 0));
    return Readable.from(this.#chunks(descriptor, first), { objectMode: false, highWaterMark: 1 << 18 });
  }

  async #openBlob({ digest }: Descriptor, offset: number): Promise<{ response: HttpResponse; url: URL }> {
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    return await this.#get(`blobs/${digest}`, `reading blob ${digest} in ${this.#name}`, headers);
  }

  async *#chunks(
    descriptor: Descriptor,
    first: { response: HttpResponse; url: URL },
  ): AsyncGenerator<Uint8Array> {
    let { response, url } = first;
    for (let received = 0, resumed = 0; ; resumed++) {
      // A registry without ranges begins anew.
      let skip = response.status === 206 ? 0 : received;
      try {
        for await (const chunk of readChunks(url, response, this.#idleTimeout)) {
          if (chunk.length > skip) yield skip === 0 ? chunk : chunk.subarray(skip);
          received += Math.max(chunk.length - skip, 0);
          skip = Math.max(skip - chunk.length, 0);
        }
        return;
      } catch (error) {
        if (resumed === attempts || !isTemporary(error)) throw error;
      }
      ({ response, url } = await withRetries(() => this.#openBlob(descriptor, received)));
    }
  }

  /** GET below the repository, with a token when the registry asks for one, following redirects. */
  async #get(
    path: string,
    what: string,
    headers: Record<string, string> = {},
  ): Promise<{ response: HttpResponse; url: URL }> {
    this.#base ??= this.#findBase();
    const url = new URL(`/v2/${this.#reference.repository}/${path}`, await this.#base);
    for (let retried = false; ; retried = true) {
      const found = await this.#follow(url, headers);
      if (found.response.status === 200 || found.response.status === 206) return found;
      const challenge = found.response.headers.get("www-authenticate") ?? "";
      if (found.response.status === 401 && !retried && parseChallenge(challenge)?.scheme === "bearer") {
        await discardBody(found.response);
        this.#token = await this.#fetchToken(url, challenge);
        continue;
      }
      throw await this.#failure(found.url, found.response, what);
    }
  }

  async #follow(start: URL, headers: Record<string, string>): Promise<{ response: HttpResponse; url: URL }> {
    let url = start;
    for (let hop = 0; hop <= maxRedirects; hop++) {
      // The token is for the registry alone, not for the storage that it sends us to.
      const authorization: Record<string, string> =
        this.#token !== undefined && url.origin === start.origin
          ? { authorization: `Bearer ${this.#token}` }
          : {};
      const response = await this.#send(url, { ...headers, ...authorization });
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

  async #send(url: URL, headers: Record<string, string>): Promise<HttpResponse> {
    return await request(url, { headers, verifyTls: this.#options.tlsVerify });
  }

  /** HTTPS; with --tls-verify=false plain HTTP where nothing speaks HTTPS at that address. */
  async #findBase(): Promise<URL> {
    const { registry } = this.#reference;
    const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
    const https = new URL(`https://${host}`);
    if (this.#options.tlsVerify) return https;
    try {
      await discardBody(await this.#send(new URL("/v2/", https), {}));
      return https;
    } catch (error) {
      const http = new URL(`http://${host}`);
      try {
        await discardBody(await this.#send(new URL("/v2/", http), {}));
      } catch {
        throw error;
      }
      return http;
    }
  }

  /** An anonymous token (distribution's token authentication). */
  async #fetchToken(registry: URL, header: string): Promise<string> {
    const { realm, service, scope } = parseChallenge(header)?.parameters ?? {};
    if (realm === undefined || !URL.canParse(realm)) {
      throw new EngineError(
        "registry-failed",
        `registry ${registry.host}: unusable authentication challenge`,
      );
    }
    const url = this.#checkTarget(registry, new URL(realm), "sends for a token");
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", scope ?? `repository:${this.#reference.repository}:pull`);
    const response = await this.#send(url, {});
    if (response.status !== 200)
      throw await this.#failure(url, response, `getting a token for ${this.#name}`);
    const body = await readBody(url, response, 1 << 20, this.#idleTimeout);
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

  async #failure(url: URL, response: HttpResponse, what: string): Promise<EngineError> {
    const said = registryMessage(
      await readBody(url, response, 1 << 16, this.#idleTimeout).catch(() => Buffer.alloc(0)),
    );
    const { status } = response;
    if (status === 401 || status === 403) {
      const denied = status === 401 ? "authentication required" : "access denied";
      return new EngineError("unauthorized", `${what}: ${said || denied}`, {
        hint: "check the name: registries answer so for repositories that don't exist, too; only anonymous access is supported yet",
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
        `${what}: registry ${url.host} allows no more requests for now`,
        {
          hint: "wait and try again",
        },
      );
    }
    const code = status >= 500 ? "registry-unavailable" : "registry-failed";
    return new EngineError(code, `${what}: registry ${url.host} answered ${status}${said && `: ${said}`}`);
  }
}

/** The first error of a distribution API answer: `manifest unknown`. */
function registryMessage(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString()) as { errors?: { code?: string; message?: string }[] };
    const text = errors?.[0]?.message || errors?.[0]?.code?.toLowerCase().replaceAll("_", " ") || "";
    // It ends up on a terminal.
    return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
  } catch {
    return "";
  }
}

function verify(
  what: string,
  wanted: { digest: string; size?: number | undefined },
  digest: string,
  size: number,
): void {
  if (wanted.size !== undefined && size !== wanted.size) {
    throw new EngineError("size-mismatch", `${what}: has not the announced ${wanted.size} bytes`);
  }
  if (digest !== wanted.digest)
    throw new EngineError("digest-mismatch", `${what}: the content has digest ${digest}`);
}

/** Tries again what may work the next time: lost connections and server errors. */
async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isTemporary(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt * (0.5 + Math.random())));
    }
  }
}

function isTemporary(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  if (error.code === "registry-unavailable") return true;
  return error.code === "registry-unreachable" && /reset|closed|stalled/.test(error.message);
}
