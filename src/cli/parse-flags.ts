import type { Flag, FlagInput } from "@oclif/core/interfaces";
import { type FlagSyntax, type GivenFlag, UsageError } from "./argv.ts";
import { type FlagExtras, notSupportedYet, UnsupportedFlag } from "./flags.ts";
import { parseGoBool } from "./go-values.ts";

type AnyFlag = Flag<unknown> & Partial<FlagExtras>;
type FlagContext = Parameters<AnyFlag["parse"]>[1];

/** The syntax of flag definitions, for the splitter. Aliases are flags of their own there. */
export function flagSyntax(definitions: FlagInput): FlagSyntax[] {
  return Object.entries(definitions).flatMap(([name, definition]) => {
    const flag = definition as AnyFlag;
    const valueWhenAlone = flag.alone ?? (flag.type === "boolean" ? "true" : undefined);
    return [
      { name, char: flag.char, valueWhenAlone },
      ...(flag.aliases ?? []).map((alias) => ({ name: alias, valueWhenAlone })),
    ];
  });
}

export interface ParsedFlags<F> {
  flags: F;
  /** Names of the flags that stood on the command line, as opposed to defaults. */
  given: ReadonlySet<string>;
}

/** Turns what the splitter found into typed values: the last one counts, lists collect. */
export async function parseFlags<F>(
  given: readonly GivenFlag[],
  definitions: FlagInput,
): Promise<ParsedFlags<F>> {
  const values: Record<string, unknown> = {};
  const names = new Set<string>();
  const canonical = new Map(
    Object.entries(definitions).flatMap(([name, flag]) =>
      (flag.aliases ?? []).map((alias) => [alias, name] as const),
    ),
  );
  for (const { name: asGiven, value } of given) {
    const name = canonical.get(asGiven) ?? asGiven;
    const flag = definitions[name] as AnyFlag | undefined;
    if (!flag) continue;
    const parsed = await parseOne(name, flag, value);
    if (flag.type === "option" && flag.multiple) {
      values[name] = names.has(name) ? [...(values[name] as unknown[]), ...(parsed as unknown[])] : parsed;
    } else {
      values[name] = parsed;
    }
    names.add(name);
  }
  for (const [name, flag] of Object.entries(definitions)) {
    if (!(name in values)) values[name] = flag.default;
  }
  return { flags: values as F, given: names };
}

async function parseOne(name: string, flag: AnyFlag, value: string): Promise<unknown> {
  // oclif hands the command over as well; our flags ask only for what was typed.
  const context = { token: { type: "flag", flag: name, input: value } } as unknown as FlagContext;
  try {
    if (flag.type === "boolean") return await flag.parse(parseGoBool(value), context, flag);
    if (!flag.multiple) return await flag.parse(value, context, flag);
    const items = flag.split?.(value) ?? [value];
    return await Promise.all(items.map((item) => flag.parse(item, context, flag)));
  } catch (error) {
    if (error instanceof UnsupportedFlag) throw notSupportedYet(`--${name}`);
    const shown = flag.char ? `-${flag.char}, --${name}` : `--${name}`;
    throw new UsageError(
      `invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${(error as Error).message}`,
    );
  }
}
