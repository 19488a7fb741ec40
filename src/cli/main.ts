/** The program: finds the command, loads only its file, runs it, tells of failures. */

import { table } from "../../commands/index.ts";
import { EngineError, isErrno } from "../errors.ts";
import type { GlobalOptions } from "../host/context.ts";
import { type GivenFlag, HelpRequested, splitArgv, UsageError } from "./argv.ts";
import { ExitWith } from "./command.ts";
import { isGroup, type Loader, loaderOf, properName, unknownCommand } from "./command-table.ts";
import { findConfiguration, refuseConfiguration, refuseRemote } from "./configuration.ts";
import { globalSyntax, readGlobalFlags } from "./global-flags.ts";
import { errorLine, print, printError, printLine } from "./output.ts";
import { asCalled, programName } from "./program-name.ts";

const topSyntax = [...globalSyntax, { name: "version", char: "v", valueWhenAlone: "true" }];

/** Exit code of a program that SIGPIPE ended, which is how a broken pipe ends Podman. */
const brokenPipe = 141;

class Program {
  readonly #argv: readonly string[];
  readonly #options: GlobalOptions = {};
  /** What has been understood of the command line so far, for the errors. */
  #words: string[] = [];
  /** What of the global flags can't be: of no matter where help is all that is to come. */
  #refusal: EngineError | undefined;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  async run(): Promise<number> {
    try {
      return await this.#dispatch();
    } catch (error) {
      if (error instanceof HelpRequested) return this.#help(this.#words);
      return this.showError(error);
    }
  }

  async #dispatch(): Promise<number> {
    if (this.#argv[0] === "__quadlet-generator") return this.#generate(this.#argv.slice(1));
    const top = splitArgv(this.#argv, topSyntax, { interspersed: false });
    if (top.given.some(({ name }) => name === "version")) return this.#version();
    await this.#readGlobal(top.given);
    const [first, ...rest] = top.args;
    if (first === undefined) return this.#missingCommand();
    if (first === "help") return this.#helpTopic(rest);
    if (first === "__complete" || first === "__completeNoDesc") return this.#complete(first, rest);
    if (!isGroup(table, first)) return this.#execute(first, rest);
    this.#words = [first];
    const inGroup = splitArgv(rest, globalSyntax, { interspersed: false });
    await this.#readGlobal(inGroup.given);
    const [second, ...others] = inGroup.args;
    if (second === undefined) return this.#missingCommand();
    return this.#execute(`${first} ${second}`, others);
  }

  async #readGlobal(given: readonly GivenFlag[]): Promise<void> {
    try {
      await readGlobalFlags(given, this.#options);
    } catch (error) {
      if (!(error instanceof EngineError) || error instanceof UsageError) throw error;
      this.#refusal ??= error;
    }
  }

  async #execute(typed: string, argv: string[]): Promise<number> {
    const load: Loader | undefined = loaderOf(table, typed);
    if (!load) {
      const unknown = unknownCommand(table, typed);
      // Flags come first: `coracle nope --help` is a question, and a wrong flag the first mistake.
      if (!table.planned.includes(typed)) splitArgv(argv, globalSyntax);
      throw unknown;
    }
    if (this.#refusal) throw this.#refusal;
    const name = properName(table, typed);
    this.#words = name.split(" ");
    const { default: CommandClass } = await load();
    this.#options.configuration = await findConfiguration({
      configured: CommandClass.configured,
      modules: this.#options.modules ?? [],
    }).catch(refuseConfiguration);
    refuseRemote(this.#options);
    const invocation = { path: `coracle ${name}`, argv: this.#argv, options: this.#options };
    return new CommandClass(argv, invocation).execute();
  }

  async #missingCommand(): Promise<never> {
    await this.#help(this.#words);
    throw new EngineError("usage", `missing command '${["coracle", ...this.#words, "COMMAND"].join(" ")}'`);
  }

  async #version(): Promise<number> {
    const { versionReport } = await import("./version.ts");
    printLine(`${programName} version ${versionReport().Client.Version}`);
    return 0;
  }

  async #help(words: string[]): Promise<number> {
    const { helpText } = await import("./help.ts");
    print(asCalled(await helpText(table, words)));
    return 0;
  }

  async #helpTopic(words: string[]): Promise<number> {
    const { helpTopic } = await import("./help.ts");
    const { text, unknown } = await helpTopic(table, words);
    if (unknown) printError(asCalled(text.trimEnd()));
    else print(asCalled(text));
    return 0;
  }

  /** Called as coracle-user-generator. */
  async #generate(argv: readonly string[]): Promise<number> {
    const { generateUnits } = await import("./quadlet-generator.ts");
    return generateUnits(argv);
  }

  async #complete(how: string, words: string[]): Promise<number> {
    if (words.length === 0) throw new EngineError("usage", "requires at least 1 arg(s), only received 0");
    const { complete } = await import("./completion/complete.ts");
    const { directiveName } = await import("./completion/completion.ts");
    const { candidates, directive } = await complete(table, words);
    for (const { value, description = "" } of candidates) {
      const [about = ""] = description.split("\n");
      printLine(about && how === "__complete" ? `${value}\t${about}` : value);
    }
    printLine(`:${directive}`);
    printError(`Completion ended with directive: ${directiveName(directive)}`);
    return 0;
  }

  showError(error: unknown): number {
    if (error instanceof ExitWith) return error.exitCode;
    if (isErrno(error, "EPIPE", "broken-pipe")) return brokenPipe;
    const seeHelp =
      error instanceof UsageError ? `\nSee '${[programName, ...this.#words].join(" ")} --help'` : "";
    printError(errorLine(error) + seeHelp);
    if (this.#options.logLevel === "debug" || this.#options.logLevel === "trace") {
      printError(error instanceof Error ? String(error.stack) : String(error));
    }
    return error instanceof EngineError ? error.exitCode : 125;
  }
}

// The launcher's word to the interpreter of this process alone (native/PROTOCOL.md §1).
delete process.env.BUN_JSC_useJIT;
const program = new Program(process.argv.slice(2));
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => process.exit(program.showError(error)));
}
// Everything printed is out by now (output.ts), so nothing that is still open may keep the process.
void program.run().then((code) => process.exit(code));
