/** The program: finds the command, loads only its file, runs it, tells of failures. */

import { table } from "../../commands/index.ts";
import { EngineError, isErrno } from "../errors.ts";
import type { GlobalOptions } from "../host/context.ts";
import { HelpRequested, splitArgv, UsageError } from "./argv.ts";
import { ExitWith } from "./command.ts";
import { isGroup, type Loader, loaderOf, unknownCommand } from "./command-table.ts";
import { globalSyntax, readGlobalFlags } from "./global-flags.ts";
import { errorLine, printError, printLine } from "./output.ts";

/** Exit code of a program that SIGPIPE ended, which is how a broken pipe ends Podman. */
const brokenPipe = 141;

class Program {
  readonly #argv: readonly string[];
  readonly #options: GlobalOptions = {};
  /** What has been understood of the command line so far, for the errors. */
  #words: string[] = [];

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
    let rest = await this.#takeGlobalFlags(this.#argv, [
      { name: "version", char: "v", valueWhenAlone: "true" },
    ]);
    const first = rest[0];
    if (first === undefined) {
      await this.#help([]);
      throw new EngineError("usage", "missing command 'coracle COMMAND'");
    }
    rest = rest.slice(1);
    if (first === "help") return this.#help(rest);
    if (first === "__complete") return this.#complete(rest);
    if (isGroup(table, first)) {
      this.#words = [first];
      rest = await this.#takeGlobalFlags(rest);
      const second = rest[0];
      if (second === undefined) {
        await this.#help([first]);
        throw new EngineError("usage", `missing command 'coracle ${first} COMMAND'`);
      }
      return this.#execute(`${first} ${second}`, rest.slice(1));
    }
    return this.#execute(first, rest);
  }

  async #execute(name: string, argv: string[]): Promise<number> {
    const load: Loader | undefined = loaderOf(table, name);
    if (!load) throw unknownCommand(table, name);
    this.#words = name.split(" ");
    const { default: CommandClass } = await load();
    const invocation = { path: `coracle ${name}`, argv: this.#argv, options: this.#options };
    return new CommandClass(argv, invocation).execute();
  }

  /** Reads the flags in front of the next word. */
  async #takeGlobalFlags(argv: readonly string[], more: typeof globalSyntax = []): Promise<string[]> {
    const { given, args } = splitArgv(argv, [...globalSyntax, ...more], { interspersed: false });
    if (given.some(({ name }) => name === "version")) return ["version"];
    await readGlobalFlags(given, this.#options);
    return args;
  }

  async #help(words: string[]): Promise<number> {
    const { showHelp } = await import("./help.ts");
    await showHelp(table, words);
    return 0;
  }

  async #complete(words: string[]): Promise<number> {
    const { complete } = await import("./completion/complete.ts");
    for (const { value, description = "" } of await complete(table, words)) {
      printLine(description ? `${value}\t${description}` : value);
    }
    return 0;
  }

  showError(error: unknown): number {
    if (error instanceof ExitWith) return error.exitCode;
    if (isErrno(error, "EPIPE")) return brokenPipe;
    const seeHelp =
      error instanceof UsageError ? `\nSee '${["coracle", ...this.#words].join(" ")} --help'` : "";
    printError(errorLine(error) + seeHelp);
    if (this.#options.logLevel === "debug" || this.#options.logLevel === "trace") {
      printError(error instanceof Error ? String(error.stack) : String(error));
    }
    return error instanceof EngineError ? error.exitCode : 125;
  }
}

const program = new Program(process.argv.slice(2));
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => process.exit(program.showError(error)));
}
// Everything printed is out by now (output.ts), so nothing that is still open may keep the process.
void program.run().then((code) => process.exit(code));
