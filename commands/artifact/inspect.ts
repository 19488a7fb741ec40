import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Inspect an OCI artifact";
  static override description = "Provides details on an OCI artifact of the local store.";
  static override usage = "[options] ARTIFACT";
  static override examples = ["coracle artifact inspect quay.io/myimage/myartifact:latest"];
  static override flags = {
    format: flag.string({ char: "f", description: "Format output using JSON or a Go template" }),
  };
  static override arity = exactly(1);
  static override completes = ["artifact"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Inspect);
    const { inspectArtifact } = await import("../../src/engine/artifact/inspect.ts");
    const { asksForJson } = await import("../../src/cli/report.ts");
    const artifact = inspectArtifact(this.context, args[0] as string);
    if (flags.format === undefined || asksForJson(flags.format)) {
      this.printLine(JSON.stringify(artifact, null, 5));
      return;
    }
    const { showInspected } = await import("../../src/cli/inspect.ts");
    showInspected([artifact], flags.format, [], (error) => this.report(error));
  }
}
