/** Files with credentials (containers-auth.json(5), Docker's config.json): what they say, without reading or writing any. */

import type { Credentials } from "./session.ts";

export interface AuthFile {
  auths?: Record<string, AuthEntry>;
  /** Program suffix (`docker-credential-<suffix>`) by registry. */
  credHelpers?: Record<string, string>;
  /** Docker's: the program for all registries. */
  credsStore?: string;
}

interface AuthEntry {
  /** base64 of `name:password`. */
  auth?: string;
  identitytoken?: string;
}

/** Where the credentials are: here, or with a helper program that knows them by `key`. */
export type FoundCredentials =
  | { kind: "credentials"; credentials: Credentials }
  | { kind: "helper"; helper: string; key: string };

/** The entry for the most specific part of `registry[/namespace…]`. */
export function findCredentials(file: AuthFile, name: string): FoundCredentials | undefined {
  const registry = name.split("/")[0] as string;
  const helper = file.credHelpers?.[registry] ?? file.credsStore;
  if (helper) return { kind: "helper", helper, key: registry };
  const entries = Object.entries(file.auths ?? {});
  for (const key of parts(name)) {
    const entry = file.auths?.[key] ?? entries.find(([each]) => canonicalKey(each) === key)?.[1];
    const credentials = entry && decode(entry);
    if (credentials) return { kind: "credentials", credentials };
  }
  return undefined;
}

/** `r/a/b`, `r/a`, `r`. */
function parts(name: string): string[] {
  const words = name.split("/");
  return words.map((_, i) => words.slice(0, words.length - i).join("/"));
}

/** Docker writes addresses (`https://index.docker.io/v1/`) where containers-auth.json has names. */
function canonicalKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "");
  const name = bare === key ? key : (bare.split("/")[0] as string);
  return /^(index|registry-1)\.docker\.io$/.test(name) ? "docker.io" : name;
}

function decode({ auth, identitytoken }: AuthEntry): Credentials | undefined {
  const text = Buffer.from(auth ?? "", "base64")
    .toString()
    .replace(/\0+$/, "");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  const credentials = { username: text.slice(0, colon), password: text.slice(colon + 1) };
  return identitytoken ? { ...credentials, identityToken: identitytoken } : credentials;
}

export function withCredentials(file: AuthFile, name: string, credentials: Credentials): AuthFile {
  const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return { ...file, auths: { ...file.auths, [name]: { auth } } };
}

/** What Docker calls a registry in its file; undefined for a part of one, which it has no entries for. */
export function dockerKey(name: string): string | undefined {
  if (name.includes("/")) return undefined;
  return name === "docker.io" ? "https://index.docker.io/v1/" : name;
}

/** Undefined where there is nothing to take away. */
export function withoutCredentials(file: AuthFile, name: string): AuthFile | undefined {
  const keys = Object.keys(file.auths ?? {}).filter((key) => key === name || canonicalKey(key) === name);
  if (keys.length === 0) return undefined;
  const auths = Object.fromEntries(Object.entries(file.auths ?? {}).filter(([key]) => !keys.includes(key)));
  return { ...file, auths };
}

/** `name:password` of --creds. */
export function parseCredentials(text: string): Credentials | undefined {
  const colon = text.indexOf(":");
  if (colon === 0) return undefined;
  return colon < 0
    ? { username: text, password: "" }
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
