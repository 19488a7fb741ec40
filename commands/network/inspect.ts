import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { showInspected } from "../../src/cli/inspect.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Inspect network";
  static override description = "Displays the network configuration for one or more networks.";
  static override usage = "[options] NETWORK [NETWORK...]";
  static override examples = [
    "coracle network inspect podman",
    'coracle network inspect --format "{{.Name}} {{.Driver}}" podman',
  ];
  static override flags = {
    format: flag.string({ char: "f", description: "Pretty-print network to JSON or using a Go template" }),
  };
  static override arity = atLeast(1);
  static override completes = ["network"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Inspect);
    const { inspectObjects } = await import("../../src/engine/system/inspect.ts");
    const { objects, errors } = inspectObjects(this.context, args, { type: "network", size: false });
    showInspected(objects, flags.format, errors, (error) => this.report(error));
  }
}
