import * as fs from "node:fs";
import { EngineError } from "../errors.ts";
import type { FullReference } from "../oci/reference.ts";
import type { RegistryOptions } from "./client.ts";
import { withRetries } from "./errors.ts";
import { discardBody } from "./http.ts";
import { RegistrySession } from "./session.ts";

/** Bytes of a blob: a file, or a few that are in memory. */
export type BlobSource = { file: string } | { bytes: Uint8Array };

/** Where registries don't take a blob in one request. */
const chunkSize = 16 << 20;

/** Push side of the distribution API for one repository. */
export class RegistryUpload {
  readonly #session: RegistrySession;
  readonly #reference: FullReference;
  readonly #options: RegistryOptions;

  constructor(reference: FullReference, options: RegistryOptions) {
    this.#reference = reference;
    this.#options = options;
    this.#session = new RegistrySession(reference.registry, options);
  }

  get #name(): string {
    return `${this.#reference.registry}/${this.#reference.repository}`;
  }

  #path(rest: string): string {
    return `/v2/${this.#reference.repository}/${rest}`;
  }

  async hasBlob(digest: string): Promise<boolean> {
    const what = `checking whether a blob ${digest} exists in ${this.#name}`;
    return await this.#withRetries(async () => {
      const { response } = await this.#session.exchange(this.#path(`blobs/${digest}`), what, {
        method: "HEAD",
        accept: [404],
      });
      await discardBody(response);
      return response.status !== 404;
    });
  }

  /** Takes over a blob of another repository of the registry; false where it doesn't do that. */
  async mountBlob(digest: string, from: string): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from });
    const { response } = await this.#session.exchange(
      this.#path(`blobs/uploads/?${query}`),
      `mounting blob ${digest} of ${from} in ${this.#name}`,
      { method: "POST", body: "", accept: [400, 401, 403, 404, 405] },
    );
    await discardBody(response);
    // 202: an upload has begun instead, which the registry forgets.
    return response.status === 201;
  }

  async putBlob(digest: string, source: BlobSource): Promise<void> {
    await this.#withRetries(() => this.#putBlob(digest, source));
  }

  async #putBlob(digest: string, source: BlobSource): Promise<void> {
    const what = `writing blob ${digest} to ${this.#name}`;
    const body = await openBody(source);
    const whole = await this.#session.exchange(await this.#beginUpload(what, digest), what, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body,
      accept: [405, 411, 413, 416],
    });
    await discardBody(whole.response);
    if (whole.response.status < 300) return;
    await this.#putChunks(what, digest, body);
  }

  async #putChunks(what: string, digest: string, body: Blob): Promise<void> {
    let location = await this.#beginUpload(what);
    for (let offset = 0; offset < body.size; offset += chunkSize) {
      const end = Math.min(offset + chunkSize, body.size);
      const sent = await this.#session.exchange(location, what, {
        method: "PATCH",
        headers: { "content-type": "application/octet-stream", "content-range": `${offset}-${end - 1}` },
        body: new Uint8Array(await body.slice(offset, end).arrayBuffer()),
      });
      location = locationOf(sent.url, sent.response, what);
      await discardBody(sent.response);
    }
    const last = await this.#session.exchange(withDigest(location, digest), what, {
      method: "PUT",
      body: "",
    });
    await discardBody(last.response);
  }

  async #beginUpload(what: string, digest?: string): Promise<string> {
    const { response, url } = await this.#session.exchange(this.#path("blobs/uploads/"), what, {
      method: "POST",
      body: "",
    });
    const location = locationOf(url, response, what);
    await discardBody(response);
    return digest === undefined ? location : withDigest(location, digest);
  }

  /** Names the image; returns nothing before the registry has it. */
  async putManifest(tagOrDigest: string, bytes: Uint8Array, mediaType: string): Promise<void> {
    const what = `writing manifest ${tagOrDigest} to ${this.#name}`;
    await this.#withRetries(async () => {
      const { response } = await this.#session.exchange(this.#path(`manifests/${tagOrDigest}`), what, {
        method: "PUT",
        headers: { "content-type": mediaType },
        body: bytes,
      });
      await discardBody(response);
    });
  }

  async #withRetries<T>(work: () => Promise<T>): Promise<T> {
    const { attempts, retryDelay: delay, patient, onRetry } = this.#options;
    return await withRetries(work, { attempts, delay, patient, onRetry });
  }
}

async function openBody(source: BlobSource): Promise<Blob> {
  return "file" in source
    ? await fs.openAsBlob(source.file)
    : new Blob([source.bytes as Uint8Array<ArrayBuffer>]);
}

function locationOf(
  url: URL,
  response: { headers: { get(name: string): string | null } },
  what: string,
): string {
  const location = response.headers.get("location");
  if (location !== null && URL.canParse(location, url.href)) return new URL(location, url).href;
  throw new EngineError("registry-failed", `${what}: registry ${url.host} told no place to upload to`);
}

function withDigest(location: string, digest: string): string {
  const url = new URL(location);
  url.searchParams.set("digest", digest);
  return url.href;
}
