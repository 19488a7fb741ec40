import type { PolicySource } from "./policy.ts";

/** What the files of containers-registries.d(5) say about where signatures are. */

export interface SignatureStorage {
  /** By scope, and "" for what has none of its own: whether signatures are beside the images, as cosign puts them. */
  sigstoreAttachments: Map<string, { value: boolean; file: string }>;
  /** Where other signatures are; they are only shown. */
  lookasides: Map<string, string>;
}

export function usesSigstoreAttachments(
  storage: SignatureStorage,
  { scopes }: Pick<PolicySource, "scopes">,
): boolean {
  for (const scope of [...scopes, ""]) {
    const found = storage.sigstoreAttachments.get(scope);
    if (found) return found.value;
  }
  return false;
}

/** Adds what a file says. Throws plain errors that say what is wrong with it. */
export function addSignatureStorage(storage: SignatureStorage, text: string, file: string): void {
  for (const [key, value] of Object.entries(parseMappings(text))) {
    if (key === "default-docker") addScope(storage, "", value, file);
    else if (key === "docker") {
      for (const [scope, inner] of Object.entries(mapping(value, key))) addScope(storage, scope, inner, file);
    } else throw new Error(`unknown key ${JSON.stringify(key)}`);
  }
}

function addScope(storage: SignatureStorage, scope: string, value: Value, file: string): void {
  const keys = mapping(value, scope);
  const attachments = keys["use-sigstore-attachments"];
  const lookaside =
    keys["lookaside-staging"] ?? keys["sigstore-staging"] ?? keys["lookaside"] ?? keys["sigstore"];
  if (typeof lookaside === "string") storage.lookasides.set(scope, lookaside);
  const { sigstoreAttachments } = storage;
  const other = sigstoreAttachments.get(scope);
  if (other) throw new Error(`"docker" namespace ${JSON.stringify(scope)} is also defined in ${other.file}`);
  if (attachments === undefined) return;
  if (attachments !== "true" && attachments !== "false")
    throw new Error("use-sigstore-attachments is not true or false");
  sigstoreAttachments.set(scope, { value: attachments === "true", file });
}

type Value = string | Mapping;
interface Mapping {
  [key: string]: Value;
}

function mapping(value: Value, what: string): Mapping {
  if (typeof value === "object") return value;
  if (value === "") return {};
  throw new Error(`${JSON.stringify(what)} is not a mapping`);
}

/** The part of YAML that such files are written in: nested mappings of words. Anything else is refused. */
function parseMappings(text: string): Mapping {
  const root: Mapping = {};
  const open: { indent: number; values: Mapping }[] = [{ indent: -1, values: root }];
  let last: { indent: number; values: Mapping; key: string } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const bare = line.replace(/(^|\s)#.*$/, "").trimEnd();
    if (bare.trim() === "" || bare === "---") continue;
    const match = /^( *)(?:"([^"\\]*)"|'([^']*)'|([^\s"'[\]{}&*!|>%@`,-][^"'[\]{}]*?)) *:(?: +(.*))?$/.exec(
      bare,
    );
    if (!match) throw new Error(`line ${i + 1} is not KEY: VALUE`);
    const [, spaces = "", double, single, plain, value = ""] = match;
    const indent = spaces.length;
    if (last && indent > last.indent) {
      if (last.values[last.key] !== "") throw new Error(`line ${i + 1} is indented too far`);
      const inner: Mapping = {};
      last.values[last.key] = inner;
      open.push({ indent, values: inner });
    }
    while (open.length > 1 && (open.at(-1) as { indent: number }).indent > indent) open.pop();
    const { values, indent: level } = open.at(-1) as { indent: number; values: Mapping };
    if (open.length === 1 ? indent !== 0 : level !== indent)
      throw new Error(`line ${i + 1} is indented oddly`);
    const key = double ?? single ?? (plain as string);
    if (Object.hasOwn(values, key)) throw new Error(`${JSON.stringify(key)} stands there twice`);
    if (/^[[{&*!|>]/.test(value)) throw new Error(`line ${i + 1} is not KEY: VALUE`);
    values[key] = value.replace(/^(["'])(.*)\1$/, "$2");
    last = { indent, values, key };
  }
  return root;
}
