import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { showInspected } from "../../src/cli/inspect.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Display the configuration of an image";
  static override description = "Displays the low-level information of an image identified by name or ID.";
  static override usage = "[options] IMAGE [IMAGE...]";
  static override examples = [
    "coracle image inspect alpine",
    'coracle image inspect --format "imageId: {{.Id}} size: {{.Size}}" alpine',
  ];
  static override flags = {
    format: flag.string({
      char: "f",
      description: "Format the output to a Go template or json",
      default: "json",
    }),
  };
  static override arity = atLeast(1, "no names or ids specified");
  static override completes = ["image"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Inspect);
    const { inspectObjects } = await import("../../src/engine/system/inspect.ts");
    const { objects, errors } = inspectObjects(this.context, args, { type: "image", size: false });
    showInspected(objects, flags.format, errors, (error) => this.report(error));
  }
}
