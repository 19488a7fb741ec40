import { keyAndValue } from "../oci/key-value.ts";
/**
 * Flag definitions: oclif's flag objects, made the way Podman declares its own (types, defaults, value names). They are
 * parsed by parse-flags.ts, since oclif's parser takes arguments of the container's command for ours.
 */

import type { BooleanFlag, Flag, OptionFlag } from "@oclif/core/interfaces";
import { EngineError } from "../errors.ts";
import { parseCsv } from "../oci/csv.ts";
import { isIPv4, isIPv6 } from "../oci/ip-address.ts";
import { parseDuration } from "../oci/units.ts";
import { parseGoInt, parseGoUint } from "./go-values.ts";

/** With a default there is always a value. */
type Either<T> = OptionFlag<T> | OptionFlag<T | undefined>;

type Char = NonNullable<BooleanFlag<boolean>["char"]>;

interface Common {
  description: string;
  char?: Char;
  hidden?: boolean;
  /** Other names of the same flag, not shown in help. */
  aliases?: string[];
}

interface WithValue extends Common {
  /** Name of the value in help; otherwise the type. */
  value?: string;
  /** What the flag is worth when it stands alone (`--pull` for `--pull=always`). */
  alone?: string;
  /** The values there are, for completion; checked by the operation. */
  choices?: readonly string[];
  /** What else the value is, for completion. */
  completes?: Completes;
}

/** Kinds of words that completion knows. */
export type Completes = LiveKind | KeyedKind | "architecture" | "format" | "filter" | "file" | "none";

/** What has to be looked up. */
export type LiveKind =
  | "container"
  | "running"
  | "paused"
  /** One that can be started. */
  | "stopped"
  | "container-id"
  | "container-name"
  /** A path in the image that the first argument names. */
  | "image-path"
  /** `CONTAINER:PATH`, or a file of the host. */
  | "copy-place"
  | "image"
  | "container-or-image"
  /** Whatever `inspect` finds. */
  | "object"
  | "volume"
  | "secret"
  | "secret-id"
  | "secret-name"
  | "network"
  | "network-id"
  | "network-name"
  | "artifact"
  | "quadlet"
  /** The digests in the list of images that the first argument names. */
  | "list-member"
  | "registry"
  | "module"
  | "signal"
  | "user"
  | "capability"
  /** A column of `top`. */
  | "descriptor"
  | "volume-or-path";

/** `KEY=VALUE` and the like, where what follows depends on the key. */
export type KeyedKind =
  | "network-mode"
  | "namespace"
  | "user-namespace"
  | "security-option"
  | "log-option"
  | "mount-type"
  | "change"
  | "detach-keys";

export type GoType =
  | "bool"
  | "string"
  | "strings"
  | "stringArray"
  | "stringToString"
  | "ip"
  | "ipSlice"
  | "int"
  | "uint"
  | "float";

/** The values that a set of definitions yields. */
export type FlagValues<Definitions> = {
  [Name in keyof Definitions]: Definitions[Name] extends Flag<infer Value> ? Value : never;
};

/** What our definitions add to oclif's. */
export interface FlagExtras {
  /** pflag's name of the type, for help. */
  goType: GoType;
  /** Shown instead of the type. */
  valueName?: string;
  alone?: string;
  choices?: readonly string[];
  completes?: Completes;
  /** One value that is several. */
  split?: (text: string) => string[];
  /** Declared so that it is recognised; using it is an error. */
  unsupported?: boolean;
}

/** `--all`, `-a`, `--all=false`. */
export function boolean(options: Common & { default?: boolean }): BooleanFlag<boolean> {
  return {
    ...options,
    type: "boolean",
    allowNo: false,
    default: options.default ?? false,
    parse: async (value: boolean) => value,
    goType: "bool",
  } as unknown as BooleanFlag<boolean> & FlagExtras;
}

export function string(options: WithValue & { default: string }): OptionFlag<string>;
export function string(options: WithValue): OptionFlag<string | undefined>;
export function string(options: WithValue & { default?: string }): Either<string> {
  return option("string", options, (text) => text);
}

/** One of the words in `choices`; anything else is refused. */
export function choice(
  options: WithValue & { choices: readonly string[]; default: string },
): OptionFlag<string> {
  const { choices } = options;
  return option("string", { value: "choice", ...options }, (text) => {
    if (choices.includes(text)) return text;
    throw new Error(
      `${JSON.stringify(text)} is not a valid value.  Choose from: ${JSON.stringify(choices.join(", "))}`,
    );
  }) as OptionFlag<string>;
}

export function int(options: WithValue & { default: number }): OptionFlag<number>;
export function int(options: WithValue): OptionFlag<number | undefined>;
export function int(options: WithValue & { default?: number }): Either<number> {
  return option("int", options, parseGoInt);
}

export function uint(options: WithValue & { default: number }): OptionFlag<number>;
export function uint(options: WithValue): OptionFlag<number | undefined>;
export function uint(options: WithValue & { default?: number }): Either<number> {
  return option("uint", options, parseGoUint);
}

/** As time.ParseDuration reads it; the value is the text. */
export function duration(options: WithValue & { default: string }): OptionFlag<string> {
  return option("string", { value: "duration", ...options }, (text) => {
    parseDuration(text);
    return text;
  }) as OptionFlag<string>;
}

export function float(options: WithValue & { default: number }): OptionFlag<number>;
export function float(options: WithValue): OptionFlag<number | undefined>;
export function float(options: WithValue & { default?: number }): Either<number> {
  return option("float", options, (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isNaN(value))
      throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
    return value;
  });
}

/** May be repeated, and each value may be a comma list: `--cap-add a,b --cap-add c`. */
export function strings(options: WithValue): OptionFlag<string[]> {
  return { ...list("strings", options), split: parseCsv } as OptionFlag<string[]>;
}

/** Numbers, in the same way. */
export function uints(options: WithValue): OptionFlag<number[]> {
  const flag = list("uint", { value: "uints", ...options }, parseGoUint);
  return { ...flag, split: (text: string) => text.split(",") } as OptionFlag<number[]>;
}

/** May be repeated, and each value may be a comma list, unless it has one `=` only: what follows that is taken as it is. */
export function stringToString(options: WithValue): OptionFlag<[string, string][]> {
  const pair = (text: string): [string, string] => {
    const [key, value] = keyAndValue(text);
    if (value === undefined) throw new Error(`${text} must be formatted as key=value`);
    return [key, value];
  };
  const split = (text: string) =>
    text.split("=").length === 2 ? [text.replace(/^"+|"+$/g, "")] : parseCsv(text);
  return { ...list("stringToString", options, pair), split } as OptionFlag<[string, string][]>;
}

/** One address. */
export function ip(options: WithValue): OptionFlag<string | undefined> {
  return option("ip", options, (text) => {
    if (isIPv4(text) || isIPv6(text)) return text;
    throw new Error(`failed to parse IP: ${JSON.stringify(text)}`);
  });
}

/** Addresses, in the same way. */
export function ips(options: WithValue): OptionFlag<string[]> {
  const address = (text: string) => {
    if (isIPv4(text) || isIPv6(text)) return text;
    throw new Error(`invalid string being converted to IP address: ${text}`);
  };
  return { ...list("ipSlice", options, address), split: parseCsv } as OptionFlag<string[]>;
}

/** May be repeated; values are taken as they are: `--env A=1,2`. */
export function stringArray(options: WithValue): OptionFlag<string[]> {
  return list("stringArray", options);
}

/** A flag of Podman's that is recognised but can't be honoured yet: using it fails, unless it asks for nothing. */
export function unsupported(goType: GoType, options: WithValue): OptionFlag<string | undefined> {
  const flag = { ...option("string", options, (text) => text), goType, unsupported: true } as OptionFlag<
    string | undefined
  > &
    FlagExtras;
  if (goType === "bool") flag.alone = "true";
  flag.parse = async (value) => {
    if (value === "" || (goType === "bool" && value === "false")) return undefined;
    throw new UnsupportedFlag();
  };
  return flag;
}

/** Thrown by a flag that can't be honoured; the parser, which knows the name, turns it into the user's error. */
export class UnsupportedFlag extends Error {}

export function notSupportedYet(what: string): EngineError {
  return new EngineError("not-supported", `${what} is not supported yet`);
}

function option<T>(
  goType: GoType,
  { value, ...options }: WithValue & { default?: T },
  parse: (text: string) => T,
): OptionFlag<T | undefined> {
  return {
    ...options,
    type: "option",
    multiple: false,
    input: [],
    parse: async (text: string) => parse(text),
    goType,
    ...(value === undefined ? {} : { valueName: value }),
  } as unknown as OptionFlag<T | undefined> & FlagExtras;
}

function list<T = string>(goType: GoType, options: WithValue, parse?: (text: string) => T): OptionFlag<T[]>;
function list(
  goType: GoType,
  options: WithValue,
  parse: (text: string) => unknown = (text) => text,
): OptionFlag<unknown[]> {
  return {
    ...option(goType, options, parse),
    multiple: true,
    multipleNonGreedy: true,
    default: [],
  } as unknown as OptionFlag<unknown[]>;
}
