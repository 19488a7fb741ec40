import type { GlobalOptions } from "../../host/context.ts";
import type { Completes, KeyedKind, LiveKind } from "../flags.ts";
import {
  type Candidate,
  type Completion,
  files,
  noFiles,
  noSpace,
  nothing,
  type Typed,
  words,
} from "./completion.ts";
import { completeFormat } from "./fields.ts";
import { completeKeys, filters, keyed } from "./keys.ts";

export type Names = (kind: LiveKind, options: GlobalOptions, typed: Typed) => Promise<Candidate[]>;

/** Where a word is to be completed. */
export interface Place {
  command: string;
  options: GlobalOptions;
  typed: Typed;
  names: Names;
}

const architectures = "386 amd64 arm arm64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x";

/** How the shell goes on behind names, where it isn't with a space, or where files are possible too. */
const directives: Partial<Record<LiveKind, (typed: Typed, found: readonly Candidate[]) => number>> = {
  "image-path": (_typed, found) => pathDirective(found),
  "copy-place": ({ current }, found) =>
    current.includes(":") || found.length === 0 ? pathDirective(found) : noSpace,
  "volume-or-path": ({ current }) => (current.includes(":") ? 0 : noSpace),
  user: () => noSpace,
  module: () => 0,
};

function pathDirective(found: readonly Candidate[]): number {
  return found.length > 1 || found.some(({ value }) => value.endsWith("/")) ? noSpace : 0;
}

export async function valuesOf(kind: Completes | readonly string[], at: Place): Promise<Completion> {
  if (typeof kind !== "string") return words(kind);
  const { current } = at.typed;
  switch (kind) {
    case "file":
      return files;
    case "none":
      return nothing;
    case "architecture":
      return words(architectures.split(" "));
    case "format":
      return completeFormat(at.command, current);
    case "filter":
      return await withKeys(filters[at.command] ?? {}, at);
  }
  if (isKeyed(kind)) {
    const found = await withKeys(keyed[kind], at);
    if (kind !== "network-mode") return found;
    return { ...found, candidates: [...(await live("network", at)), ...found.candidates] };
  }
  const candidates = await live(kind, at);
  return { candidates, directive: directives[kind]?.(at.typed, candidates) ?? noFiles };
}

function isKeyed(kind: LiveKind | KeyedKind): kind is KeyedKind {
  return Object.hasOwn(keyed, kind);
}

async function live(kind: LiveKind, { names, options, typed }: Place): Promise<Candidate[]> {
  const found = await names(kind, options, typed);
  return found.filter(({ value }) => value.startsWith(typed.current));
}

function withKeys(keys: (typeof filters)[string], at: Place): Promise<Completion> {
  return completeKeys(keys, at.typed.current, (kind, current) =>
    valuesOf(kind, { ...at, typed: { ...at.typed, current } }),
  );
}
