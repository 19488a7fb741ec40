import { EngineError } from "../errors.ts";
import { digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/image.ts";
import { manifestMediaTypes, maxManifestSize } from "../oci/image-manifest.ts";
import type { FullReference } from "../oci/reference.ts";
import { isTemporary, type OnRetry, withRetries } from "./errors.ts";
import { type HttpResponse, readBody, readChunks } from "./http.ts";
import { type Answer, RegistrySession, type SessionOptions } from "./session.ts";

export interface RegistryOptions extends SessionOptions {
  /** How often what may work the next time is tried, and the seconds in between (default: growing). */
  attempts?: number | undefined;
  retryDelay?: number | undefined;
  /** Whether a registry that isn't there is waited for, and who is told then. */
  patient?: boolean | undefined;
  onRetry?: OnRetry | undefined;
}

export interface FetchedManifest {
  bytes: Buffer;
  digest: string;
  mediaType: string | undefined;
}

const resumptions = 4;
const worthwhile = 1 << 20;

/** Pull side of the distribution API for one repository. */
export class RegistryClient {
  readonly session: RegistrySession;
  readonly #reference: FullReference;
  readonly #options: RegistryOptions;

  constructor(reference: FullReference, options: RegistryOptions) {
    this.#reference = reference;
    this.#options = options;
    this.session = new RegistrySession(reference.registry, options);
  }

  /** Name of the repository in messages. */
  get #name(): string {
    return `${this.#reference.registry}/${this.#reference.repository}`;
  }

  /** The manifest or index of a tag or digest. Asked for by digest, its bytes are verified. */
  async manifest(tagOrDigest: string, size?: number): Promise<FetchedManifest> {
    const what = `reading manifest ${tagOrDigest} in ${this.#name}`;
    return await this.#withRetries(async () => {
      const accept = manifestMediaTypes.join(", ");
      const { response, url } = await this.#get(`manifests/${tagOrDigest}`, what, { accept });
      const bytes = await readBody(url, response, maxManifestSize, this.session.idleTimeout);
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
    return await this.#withRetries(async () => {
      const { response, url } = await this.#get(`blobs/${descriptor.digest}`, what);
      const bytes = await readBody(
        url,
        response,
        Math.min(descriptor.size + 1, maxSize),
        this.session.idleTimeout,
      );
      verify(what, descriptor, digestOf(bytes), bytes.length);
      return bytes;
    });
  }

  /** A blob from an offset on, resumed where a connection is lost; its reader verifies it. */
  async blob(descriptor: Descriptor, offset = 0, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const first = await this.#withRetries(() => this.#openBlob(descriptor, offset, signal), signal);
    return this.#chunks(descriptor, first, offset, signal);
  }

  async #openBlob({ digest }: Descriptor, offset: number, signal?: AbortSignal): Promise<Answer> {
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const what = `reading blob ${digest} in ${this.#name}`;
    return await this.#get(`blobs/${digest}`, what, headers, signal);
  }

  async *#chunks(
    descriptor: Descriptor,
    first: Answer,
    offset: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    let { response, url } = first;
    // Only what was lost without much coming in between counts as trying in vain.
    for (let received = offset, mark = offset, vain = 0; ; vain++) {
      let skip = received - startOf(response, received);
      try {
        for await (const chunk of readChunks(url, response, this.session.idleTimeout, signal)) {
          if (chunk.length > skip) yield skip === 0 ? chunk : chunk.subarray(skip);
          received += Math.max(chunk.length - skip, 0);
          skip = Math.max(skip - chunk.length, 0);
        }
        return;
      } catch (error) {
        if (received - mark > worthwhile) vain = 0;
        mark = received;
        if (vain === resumptions || !isTemporary(error)) throw error;
      }
      ({ response, url } = await this.#withRetries(
        () => this.#openBlob(descriptor, received, signal),
        signal,
      ));
    }
  }

  async #get(
    path: string,
    what: string,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Answer> {
    const options = { headers, ...(signal ? { signal } : {}) };
    return await this.session.exchange(`/v2/${this.#reference.repository}/${path}`, what, options);
  }

  async #withRetries<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { attempts, retryDelay: delay, patient, onRetry } = this.#options;
    return await withRetries(work, { attempts, delay, signal, patient, onRetry });
  }
}

/** Where the body of an answer begins. A registry without ranges begins anew. */
function startOf(response: HttpResponse, asked: number): number {
  if (response.status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  // Some leave out what they have been asked for.
  if (start === undefined || Number(start) === asked) return asked;
  throw new EngineError("registry-failed", `the registry answered with another range than ${asked}-`);
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
