import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { parseReference, type Reference } from "../../oci/reference.ts";
import { type FoundRepository, RegistrySearch } from "../../registry/search.ts";
import { type RegistryAccess, registryOptions } from "./options.ts";

/** One repository, under Podman's names. */
export interface SearchResult {
  Index: string;
  Name: string;
  Description: string;
  Stars: number;
  Official: string;
  Automated: string;
  Tag: string;
}

export interface SearchOptions extends RegistryAccess {
  filters: readonly string[];
  limit: number;
  noTrunc: boolean;
}

/** Longest description in a table. */
const descriptionWidth = 44;

/** Repositories whose name contains the term; `registry/` for all. `registries` are for terms without one. */
export async function searchImages(
  ctx: Context,
  term: string,
  registries: readonly string[],
  options: SearchOptions,
): Promise<SearchResult[]> {
  const matches = parseFilters(options.filters);
  const [own, rest] = splitTerm(term);
  const results: SearchResult[] = [];
  const failures: EngineError[] = [];
  for (const registry of own === undefined ? registries : [own]) {
    for (const found of await repositories(ctx, registry, rest, options, failures)) {
      // Docker Hub's own images are in a namespace that it leaves out.
      const name =
        registry === "docker.io" && !found.name.includes("/") ? `library/${found.name}` : found.name;
      const description = found.description.replaceAll("\n", " ");
      const result = {
        Index: registry,
        Name: `${registry}/${name}`,
        Description:
          options.noTrunc || description.length <= descriptionWidth
            ? description
            : `${description.slice(0, descriptionWidth)}...`,
        Stars: found.stars,
        Official: found.official ? "[OK]" : "",
        Automated: found.automated ? "[OK]" : "",
        Tag: "",
      };
      if (matches(result)) results.push(result);
    }
  }
  // What is looked for is taken to be where something was found.
  if (results.length > 0 || failures.length === 0) return results;
  const texts = failures.map(({ message }) => `\n\t* ${message}`);
  throw new EngineError(
    (failures[0] as EngineError).code,
    `${failures.length} error${failures.length === 1 ? "" : "s"} occurred:${texts.join("")}`,
    { cause: failures[0] },
  );
}

/** What a registry has; its failure becomes one of `failures`. */
async function repositories(
  ctx: Context,
  registry: string,
  term: string,
  options: SearchOptions,
  failures: EngineError[],
): Promise<FoundRepository[]> {
  const search = new RegistrySearch(registry, await registryOptions(ctx, registry, options));
  try {
    return await search.repositories(term, options.limit);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    failures.push(error);
    return [];
  }
}

/** Tags of one repository. */
export async function listTags(
  ctx: Context,
  name: string,
  options: RegistryAccess & { limit: number },
): Promise<{ Name: string; Tags: string[] }> {
  const text = name.replace(/^docker:\/\//, "");
  const [own, rest] = splitTerm(text);
  const { registry, repository } = tryReference(text) ?? {};
  if (registry === undefined || repository === undefined) {
    throw new EngineError(
      "bad-argument",
      `reference "${own === undefined ? name : rest}" must be a docker reference`,
      {
        hint: "--list-tags needs a name with its registry",
      },
    );
  }
  const search = new RegistrySearch(
    registry,
    await registryOptions(ctx, `${registry}/${repository}`, options),
  );
  return { Name: `${registry}/${repository}`, Tags: await search.tags(repository, options.limit) };
}

function tryReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Registry and term of `registry/term`. */
function splitTerm(term: string): [string | undefined, string] {
  const slash = term.indexOf("/");
  const first = term.slice(0, Math.max(slash, 0));
  return slash > 0 && (/[.:]/.test(first) || first === "localhost")
    ? [first, term.slice(slash + 1)]
    : [undefined, term];
}

function parseFilters(filters: readonly string[]): (result: SearchResult) => boolean {
  const tests = filters.map((filter): ((result: SearchResult) => boolean) => {
    const [key, value] = keyAndValue(filter);
    if (key === "stars" && /^\d+$/.test(value ?? "")) return ({ Stars }) => Stars >= Number(value);
    if (key === "stars") {
      const reason = `strconv.Atoi: parsing ${JSON.stringify(value ?? "")}: invalid syntax`;
      throw new EngineError("bad-argument", `incorrect value type for stars filter: ${reason}`);
    }
    const wanted = value === undefined || value === "true" ? "[OK]" : "";
    if (key === "is-official") return ({ Official }) => Official === wanted;
    if (key === "is-automated") return ({ Automated }) => Automated === wanted;
    throw new EngineError("bad-argument", `invalid filter type ${JSON.stringify(filter)}`, {
      hint: "use stars, is-official or is-automated",
    });
  });
  return (result) => tests.every((test) => test(result));
}
