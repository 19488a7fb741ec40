import { EngineError, rephrase } from "../errors.ts";
import { readBody } from "./http.ts";
import { RegistrySession, type SessionOptions } from "./session.ts";

export interface FoundRepository {
  /** Without the registry. */
  name: string;
  description: string;
  stars: number;
  official: boolean;
  automated: boolean;
}

const maxAnswer = 16 << 20;
/** Of pages, so that a registry whose list has no end is left. */
const maxPages = 1000;

/** Asks a registry which repositories and tags it has. */
export class RegistrySearch {
  readonly #session: RegistrySession;
  readonly #registry: string;

  constructor(registry: string, options: SessionOptions) {
    this.#registry = registry;
    this.#session = new RegistrySession(registry, options);
  }

  /** Docker Hub searches names and descriptions by itself; others only list their repositories. */
  async repositories(term: string, limit: number): Promise<FoundRepository[]> {
    const what = `couldn't search registry "${this.#registry}"`;
    try {
      return await this.#repositories(term, limit, what);
    } catch (error) {
      const isTold = error instanceof Error && error.message.startsWith(what);
      throw isTold ? error : rephrase(error, { prefix: `${what}: ` });
    }
  }

  async #repositories(term: string, limit: number, what: string): Promise<FoundRepository[]> {
    if (this.#registry === "docker.io") return await this.#searchHub(term, limit, what);
    const found: FoundRepository[] = [];
    for await (const page of this.#pages(`/v2/_catalog?n=1000`, what)) {
      for (const name of strings(page["repositories"])) {
        if (!name.includes(term)) continue;
        found.push({ name, description: "", stars: 0, official: false, automated: false });
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  async tags(repository: string, limit: number): Promise<string[]> {
    const what = "getting repository tags: fetching tags list";
    const found: string[] = [];
    try {
      for await (const page of this.#pages(`/v2/${repository}/tags/list`, what)) {
        found.push(...strings(page["tags"]));
        if (found.length >= limit) break;
      }
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== "manifest-unknown") throw error;
      const said = error.message.slice(`${what}: `.length);
      throw new EngineError(error.code, `${what}: StatusCode: 404, ${said}`, {
        hint: "check the repository name",
        cause: error,
      });
    }
    return found.slice(0, limit);
  }

  async #searchHub(term: string, limit: number, what: string): Promise<FoundRepository[]> {
    const query = new URLSearchParams({ q: term, n: String(limit) });
    const page = await this.#json(`https://index.docker.io/v1/search?${query}`, what);
    const results = Array.isArray(page.body["results"])
      ? (page.body["results"] as Record<string, unknown>[])
      : [];
    return results.slice(0, limit).map((result) => ({
      name: String(result["name"] ?? ""),
      description: String(result["description"] ?? ""),
      stars: Number(result["star_count"] ?? 0),
      official: result["is_official"] === true,
      automated: result["is_automated"] === true,
    }));
  }

  /** A list comes in pages that name the next one (RFC 8288). */
  async *#pages(first: string, what: string): AsyncGenerator<Record<string, unknown>> {
    let path: string | undefined = first;
    for (let count = 0; path !== undefined && count < maxPages; count++) {
      const { body, next } = await this.#json(path, what);
      yield body;
      path = next;
    }
  }

  async #json(
    path: string,
    what: string,
  ): Promise<{ body: Record<string, unknown>; next: string | undefined }> {
    const { response, url } = await this.#session.exchange(path, what);
    const bytes = await readBody(url, response, maxAnswer, this.#session.idleTimeout);
    const link = /<([^>]*)>;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    const next = link !== undefined && URL.canParse(link, url.href) ? new URL(link, url) : undefined;
    try {
      const body = JSON.parse(bytes.toString()) as Record<string, unknown>;
      if (typeof body === "object" && body !== null)
        return { body, next: next?.origin === url.origin ? next.href : undefined };
    } catch {
      // not JSON: told below
    }
    throw new EngineError("registry-failed", `${what}: registry ${url.host} answered nonsense`);
  }
}

/** What is text in a list. */
function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
