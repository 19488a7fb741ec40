import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class ContainerInspect extends CoracleCommand {
  static override summary = "Display the configuration of a container";
  static override description = "Displays the low-level information on a container identified by name or ID.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = [
    "coracle container inspect myCtr",
    "coracle container inspect -l --format '{{.Id}} {{.Config.Labels}}'",
  ];
  static override flags = {
    format: flag.string({ char: "f", description: "Format the output to a Go template or json" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    size: flag.boolean({ char: "s", description: "Display total file size" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(ContainerInspect);
    if (flags.latest && args.length > 0)
      throw this.usageError("--latest and arguments cannot be used together");
    this.checkSelection(args, flags, "no names or ids specified");
    const { inspectObjects } = await import("../../src/engine/system/inspect.ts");
    const { showInspected } = await import("../../src/cli/inspect.ts");
    // Only inside the user's namespaces can all files be measured.
    if (flags.size) await this.requireNamespace();
    const names = flags.latest ? undefined : args;
    const { objects, errors } = inspectObjects(this.context, names, { type: "container", size: flags.size });
    showInspected(objects, flags.format, errors, (error) => this.report(error));
  }
}
