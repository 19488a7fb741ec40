/**
 * Base of the commands. A command parses, makes one engine call and prints:
 *
 *     import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";
 *     import { stopContainers } from "../src/engine/container/stop.ts";
 *
 *     export default class Stop extends CoracleCommand {
 *       static override summary = "Stop one or more containers";
 *       static override description = "Stops one or more running containers, given by name or ID.";
 *       static override usage = "[options] CONTAINER [CONTAINER...]";      // what follows `coracle stop`
 *       static override examples = ["coracle stop ctrID", "coracle stop --time 2 ctrID"];
 *       static override flags = {
 *         all: flag.boolean({ char: "a", description: "Stop all running containers" }),
 *         time: flag.uint({ char: "t", description: "Seconds to wait before killing", default: 10 }),
 *         cidfile: flag.unsupported("stringArray", { description: "Read the container ID from the file", completes: "file" }),
 *       };
 *       static override arity = atLeast(1);           // default: no arguments
 *       static override completes = ["container"];    // what the arguments are, for completion
 *
 *       async run(): Promise<void> {
 *         const { flags, args, given } = await this.input(Stop);
 *         for (const id of await stopContainers(this.context, args, { timeout: flags.time })) this.printLine(id);
 *       }
 *     }
 *
 * Then a line in commands/index.ts. Failures are thrown (EngineError); one of several is told by `this.report(error)`
 * and the rest goes on. `run` may return the exit code. `interspersed = false` leaves everything after the first
 * argument alone (run, exec). Never write through process.stdout or console: only print, printLine and so on are sure to
 * be complete when the process ends. Import heavy engine modules inside `run`, with `await import()`.
 */

import type { Command } from "@oclif/core/command";
import type { FlagInput } from "@oclif/core/interfaces";
import { resolveRuntime } from "../engine/container/runtime-choice.ts";
import { EngineError } from "../errors.ts";
import { type Context, createContext, type GlobalOptions } from "../host/context.ts";
import { lendReserve } from "../host/reserve.ts";
import { splitArgv } from "./argv.ts";
import { type Arity, none } from "./arity.ts";
import { configureFlags } from "./configuration.ts";
import { ExitWith } from "./exit-with.ts";
import type { Completes } from "./flags.ts";
import { inheritedSyntax, readGlobalFlags } from "./global-flags.ts";
import { isLogged, logCommand } from "./log.ts";
import { errorLine, print, printError, printJson, printLine } from "./output.ts";
import { flagSyntax, parseFlags } from "./parse-flags.ts";

export { any, atLeast, atMost, between, exactly, none } from "./arity.ts";
export { ExitWith } from "./exit-with.ts";
export * as flag from "./flags.ts";

/** How a command was called. */
export interface Invocation {
  /** With the alias used: `coracle container run`. */
  path: string;
  /** The whole command line, without the program. */
  argv: readonly string[];
  /** From the global flags; those that follow the command are added when it parses. */
  options: GlobalOptions;
}

export interface Input<F> {
  flags: F;
  args: string[];
  given: ReadonlySet<string>;
  argsBeforeDash: number;
}

/**
 * A command as oclif describes one: the statics are oclif's, and so are the flags. It doesn't extend oclif's class,
 * whose code would take 10 of the 24 ms that `ps` needs and of which nothing would be used: parsing, help and errors are
 * Podman's.
 */
export abstract class CoracleCommand {
  static summary: typeof Command.summary;
  static description: typeof Command.description;
  static examples: typeof Command.examples;
  static hidden = false;
  static flags: FlagInput = {};
  static usage = "[options]";
  static interspersed = true;
  static arity: Arity = none;
  static completes: readonly (Completes | readonly string[])[] = [];
  /** Whether containers.conf is read for it; not for what only shows records, which is to be quick. */
  static configured = true;
  /** Whether it is there to remove things, which must be possible on a full disk. */
  static frees = false;

  readonly argv: string[];
  readonly invocation: Invocation;
  #context: Context | undefined;
  #exitCode = 0;
  #takeBackReserve = () => {};

  constructor(argv: string[], invocation: Invocation) {
    this.argv = argv;
    this.invocation = invocation;
  }

  /** May return the exit code. */
  abstract run(): Promise<unknown>;

  /** Runs the command; returns the exit code. */
  async execute(): Promise<number> {
    try {
      const code = await this.run();
      return typeof code === "number" && code !== 0 ? code : this.#exitCode;
    } finally {
      this.#takeBackReserve();
    }
  }

  get context(): Context {
    this.#context ??= checkedContext(this.invocation.options);
    return this.#context;
  }

  /** The whole command line as typed, program included. */
  protected get commandLine(): string[] {
    return ["coracle", ...this.invocation.argv];
  }

  /** Flags and arguments of the command line, by the definitions of `command` (the class itself). */
  protected async input<F extends Record<string, unknown>>(command: {
    flags: FlagInput<F>;
  }): Promise<Input<F>> {
    const statics = this.constructor as typeof CoracleCommand;
    const definitions = command.flags as FlagInput;
    const own = flagSyntax(definitions);
    const names = new Set(own.map(({ name }) => name));
    const chars = new Set(own.map(({ char }) => char));
    const inherited = inheritedSyntax
      .filter(({ name }) => !names.has(name))
      .map((global) => (chars.has(global.char) ? { ...global, char: undefined } : global));
    const split = splitArgv(this.argv, [...own, ...inherited], { interspersed: statics.interspersed });
    const isGlobal = (name: string) => !names.has(name);
    await readGlobalFlags(
      split.given.filter((found) => isGlobal(found.name)),
      this.invocation.options,
    );
    const found = split.given.filter(({ name }) => !isGlobal(name));
    const { flags, given } = await parseFlags<F>(found, definitions);
    const { configuration } = this.invocation.options;
    if (configuration) configureFlags(flags, given, definitions, configuration);
    statics.arity(split.args, this.invocation.path);
    if (statics.frees) this.#takeBackReserve = lendReserve(this.context);
    const { logLevel } = this.invocation.options;
    if (logLevel !== undefined && isLogged("info", logLevel)) logCommand(this.context, this.commandLine);
    return { flags, args: split.args, given, argsBeforeDash: split.argsBeforeDash };
  }

  /** Goes on only inside the user's namespaces; outside of them the whole command is run again within. */
  protected async requireNamespace(): Promise<void> {
    if (this.context.namespace !== "none") return;
    const { runAgainInside } = await import("../host/reenter.ts");
    throw new ExitWith(await runAgainInside(this.context, this.invocation.argv));
  }

  /** Tells of a failure that doesn't end the command; the exit code will be that of the last one, and is returned. */
  protected report(error: unknown, exitCode?: number): number {
    if (!(error instanceof EngineError)) throw error;
    printError(errorLine(error));
    this.#exitCode = exitCode ?? error.exitCode;
    return this.#exitCode;
  }

  /** Arguments that make no sense together. */
  protected usageError(message: string): EngineError {
    return new EngineError("usage", message);
  }

  /** Containers are chosen by names, --all, --latest, --cidfile or --filter; `none` is the complaint where nothing is. */
  protected checkSelection(
    names: readonly string[],
    {
      all = false,
      latest = false,
      cidfile = [],
      filter = [],
    }: { all?: boolean; latest?: boolean; cidfile?: string[]; filter?: string[] },
    none = "you must provide at least one name or id",
  ): void {
    if (filter.length > 0) {
      if (names.length > 0) throw this.usageError("--filter takes no arguments");
      return;
    }
    const files = cidfile.length > 0;
    if (files && (all || latest)) {
      throw this.usageError("--all, --latest, and --cidfile cannot be used together");
    }
    if (all && latest) throw this.usageError("--all and --latest cannot be used together");
    if (all && names.length > 0) throw this.usageError("no arguments are needed with --all");
    if (latest && names.length > 0) throw this.usageError("--latest and containers cannot be used together");
    if (files && names.length > 0) {
      throw this.usageError("no arguments are needed with --latest or --cidfile");
    }
    if (names.length === 0 && !all && !latest && !files) throw this.usageError(none);
  }

  protected print = print;
  protected printLine = printLine;
  protected printJson = printJson;
  protected printError = printError;
}

/** A runtime that isn't there is told by every command, as Podman does. */
function checkedContext(options: GlobalOptions): Context {
  const ctx = createContext(options);
  if (options.runtime !== undefined) resolveRuntime(ctx, undefined);
  return ctx;
}
