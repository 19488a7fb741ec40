/** One challenge of a WWW-Authenticate header (RFC 9110 §11.6.1), scheme in lower case. */
export interface Challenge {
  scheme: string;
  parameters: Record<string, string>;
}

/** Parses `Bearer realm="…",service="…",scope="…"`. Only the first challenge; registries send one. */
export function parseChallenge(header: string): Challenge | undefined {
  const match = /^\s*([A-Za-z][\w-]*)(\s+|$)/.exec(header);
  if (!match) return undefined;
  const parameters: Record<string, string> = {};
  const rest = header.slice(match[0].length);
  for (const [, key, quoted, bare] of rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    parameters[(key as string).toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? (bare as string);
  }
  return { scheme: (match[1] as string).toLowerCase(), parameters };
}

/**
 * Adds `repository:a/b:pull` and what else the text of a challenge asks for to what has been asked for before, as
 * `repository:a/b:pull,push`: a token that is good for all of it serves all requests.
 */
export function addScopes(scopes: readonly string[], text: string): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...scopes, ...text.split(" ").filter(Boolean)]) {
    const colon = scope.lastIndexOf(":");
    const [resource, list] = [scope.slice(0, colon), scope.slice(colon + 1)];
    actions.set(resource, new Set([...(actions.get(resource) ?? []), ...list.split(",")]));
  }
  return [...actions].map(([resource, list]) => `${resource}:${[...list].join(",")}`);
}
