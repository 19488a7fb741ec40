import { any, CoracleCommand, flag } from "../../src/cli/command.ts";
import { showInspected } from "../../src/cli/inspect.ts";
import { EngineError } from "../../src/errors.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Display detailed information on one or more volumes";
  static override description =
    "Displays detailed information on one or more volumes.\n\nUse a Go template to change the format from JSON.";
  static override usage = "[options] VOLUME [VOLUME...]";
  static override examples = [
    "coracle volume inspect myvol",
    "coracle volume inspect --all",
    'coracle volume inspect --format "{{.Driver}} {{.Scope}}" myvol',
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Inspect all volumes" }),
    format: flag.string({
      char: "f",
      description: "Format volume output using Go template",
      default: "json",
    }),
  };
  static override arity = any;
  static override completes = ["volume"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Inspect);
    if ((args.length === 0) === !flags.all) {
      throw this.usageError("provide one or more volume names or use --all");
    }
    const { inspectVolume } = await import("../../src/engine/volume/inspect.ts");
    const { listVolumes } = await import("../../src/engine/volume/list.ts");
    const found: object[] = flags.all ? listVolumes(this.context) : [];
    const errors: unknown[] = [];
    for (const name of args) {
      try {
        found.push(inspectVolume(this.context, name));
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== "no-such-volume") throw error;
        errors.push(error);
      }
    }
    showInspected(found, flags.format, errors, (error) => this.report(error));
  }
}
