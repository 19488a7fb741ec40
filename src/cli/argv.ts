import { EngineError } from "../errors.ts";
import { keyAndValue } from "../oci/key-value.ts";
import { parseGoBool } from "./go-values.ts";

/** What the splitter has to know of a flag; the syntax is that of Go's pflag, which Podman's users type. */
export interface FlagSyntax {
  name: string;
  char?: string | undefined;
  /** What the flag is worth when it stands alone (`--rm`: "true"); undefined: it takes a value. */
  valueWhenAlone?: string | undefined;
}

/** One flag as found: `value` is still text. */
export interface GivenFlag {
  name: string;
  value: string;
}

export interface SplitArgv {
  given: GivenFlag[];
  args: string[];
  /** Number of `args` that stood before `--`, or -1 where there was no `--`. */
  argsBeforeDash: number;
}

export interface SplitOptions {
  /** false: everything from the first argument on is left alone, as in `run IMAGE COMMAND -x`. */
  interspersed?: boolean;
  /** Stop silently at the first flag that is not known (completion of unfinished lines). */
  tolerant?: boolean;
}

/** A command line that can't be understood. The text is pflag's; who shows it adds where help is to be found. */
export class UsageError extends EngineError {
  constructor(message: string) {
    super("usage", message);
  }
}

/** Thrown where `--help` (or `-h`, when the command has no such flag) stands among the flags. */
export class HelpRequested extends Error {}

/** Splits a command line into flags and arguments. */
export function splitArgv(
  argv: readonly string[],
  flags: readonly FlagSyntax[],
  options: SplitOptions = {},
): SplitArgv {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const byChar = new Map(flags.flatMap((flag) => (flag.char ? [[flag.char, flag] as const] : [])));
  const result: SplitArgv = { given: [], args: [], argsBeforeDash: -1 };
  const rest = [...argv];

  while (rest.length > 0) {
    const word = rest.shift() as string;
    if (word === "--") {
      result.argsBeforeDash = result.args.length;
      result.args.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      result.args.push(word);
      if (options.interspersed === false) {
        result.args.push(...rest);
        break;
      }
      continue;
    }
    try {
      if (word.startsWith("--")) result.given.push(...splitLong(word, rest, byName));
      else splitShort(word, rest, byChar, result.given);
    } catch (error) {
      if (options.tolerant && error instanceof UsageError) break;
      throw error;
    }
  }
  return result;
}

function splitLong(word: string, rest: string[], byName: Map<string, FlagSyntax>): GivenFlag[] {
  const text = word.slice(2);
  if (text.startsWith("-") || text.startsWith("=")) throw new UsageError(`bad flag syntax: ${word}`);
  const [name, given] = keyAndValue(text);
  const flag = byName.get(name);
  if (!flag) {
    if (name !== "help") throw new UsageError(`unknown flag: --${name}`);
    if (given === undefined || isHelpWanted(given)) throw new HelpRequested();
    return [];
  }
  if (given !== undefined) return [{ name, value: given }];
  if (flag.valueWhenAlone !== undefined) return [{ name, value: flag.valueWhenAlone }];
  const value = rest.shift();
  if (value === undefined) throw new UsageError(`flag needs an argument: --${name}`);
  return [{ name, value }];
}

function isHelpWanted(value: string): boolean {
  try {
    return parseGoBool(value);
  } catch (error) {
    throw new UsageError(
      `invalid argument ${JSON.stringify(value)} for "-h, --help" flag: ${(error as Error).message}`,
    );
  }
}

/** `-it`, `-itv /a:/b`, `-p8080:80`, `-e=X`. */
function splitShort(word: string, rest: string[], byChar: Map<string, FlagSyntax>, given: GivenFlag[]): void {
  let cluster = word.slice(1);
  while (cluster !== "") {
    const char = String.fromCodePoint(cluster.codePointAt(0) as number);
    const flag = byChar.get(char);
    if (!flag) {
      if (char === "h") throw new HelpRequested();
      throw new UsageError(`unknown shorthand flag: '${char}' in -${cluster}`);
    }
    const after = cluster.slice(char.length);
    if (after.length > 1 && after.startsWith("=")) {
      given.push({ name: flag.name, value: after.slice(1) });
      return;
    }
    if (flag.valueWhenAlone !== undefined) {
      given.push({ name: flag.name, value: flag.valueWhenAlone });
      cluster = after;
      continue;
    }
    const value = after !== "" ? after : rest.shift();
    if (value === undefined) throw new UsageError(`flag needs an argument: '${char}' in -${cluster}`);
    given.push({ name: flag.name, value });
    return;
  }
}
