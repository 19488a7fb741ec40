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
