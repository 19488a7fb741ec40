import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Inspect extends CoracleCommand {
  static override summary = "Display the configuration of object denoted by ID";
  static override description =
    "Displays the low-level information on an object identified by name or ID.\n\nFor more information use coracle container inspect, image inspect or volume inspect.";
  static override usage = "[options] {CONTAINER|IMAGE|NETWORK|VOLUME|ARTIFACT} [...]";
  static override examples = [
    "coracle inspect fedora",
    "coracle inspect --type image fedora",
    "coracle inspect -l --format '{{.State.Status}}'",
  ];
  static override flags = {
    format: flag.string({ char: "f", description: "Format the output to a Go template or json" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    size: flag.boolean({ char: "s", description: "Display total file size" }),
    type: flag.string({
      char: "t",
      description: "Specify inspect-object type",
      default: "all",
      choices: ["all", "artifact", "container", "image", "network", "volume"],
    }),
  };
  static override arity = atLeast(0);
  static override completes = ["object"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Inspect);
    if (flags.latest && args.length > 0)
      throw this.usageError("--latest and arguments cannot be used together");
    this.checkSelection(args, flags, "no names or ids specified");
    const { inspectObjects } = await import("../src/engine/system/inspect.ts");
    const { showInspected } = await import("../src/cli/inspect.ts");
    // Only inside the user's namespaces can all files be measured.
    if (flags.size) await this.requireNamespace();
    const names = flags.latest ? undefined : args;
    const { objects, errors } = inspectObjects(this.context, names, { type: flags.type, size: flags.size });
    showInspected(objects, flags.format, errors, (error) => this.report(error));
  }
}
