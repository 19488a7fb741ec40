import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Top extends CoracleCommand {
  static override summary = "Display the running processes of a container";
  static override description =
    "Display the running processes of a container, as read from the host; no program of the container is run for it.";
  static override usage = "[options] CONTAINER [FORMAT-DESCRIPTORS|ARGS...]";
  static override examples = [
    "coracle top ctrID",
    "coracle top ctrID pid seccomp args %C",
    "coracle top --latest",
  ];
  static override interspersed = false;
  static override flags = {
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "list-descriptors": flag.boolean({ description: "List the format descriptors", hidden: true }),
  };
  static override arity = atLeast(0);
  static override completes = ["running"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Top);
    const { descriptorNames, processRows } = await import("../src/cli/process-table.ts");
    if (flags["list-descriptors"]) return this.printLine(descriptorNames.join("\n"));
    this.checkSelection(
      flags.latest ? [] : args,
      flags,
      "you must provide the name or id of a running container",
    );
    const { formatTable } = await import("../src/cli/table.ts");
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { containerProcesses } = await import("../src/engine/container/top.ts");
    const [name] = selectContainers(this.context, {
      names: flags.latest ? [] : args.slice(0, 1),
      latest: flags.latest,
    });
    const descriptors = (flags.latest ? args : args.slice(1)).flatMap((word) => word.split(","));
    this.print(formatTable(processRows(containerProcesses(this.context, name as string), descriptors)));
  }
}
