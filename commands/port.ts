import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Port extends CoracleCommand {
  static override summary = "List port mappings or a specific mapping for the container";
  static override description =
    "List port mappings for the CONTAINER, or look up the public-facing port that is NAT-ed to the PRIVATE_PORT.";
  static override usage = "[options] CONTAINER [PORT]";
  static override examples = ["coracle port ctrID 80/tcp", "coracle port --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Display port information for all containers" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = atMost(2, () => "`port` accepts at most 2 arguments");
  static override completes = ["container"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Port);
    this.checkSelection(flags.latest ? [] : args, flags, "you must supply a running container name or id");
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { publishedPorts } = await import("../src/engine/container/port.ts");
    const fromFlags = flags.all || flags.latest;
    const port = (fromFlags ? args[0] : args[1]) || undefined;
    const names = await selectContainers(this.context, {
      names: fromFlags ? [] : args.slice(0, 1),
      all: flags.all,
      latest: flags.latest,
    });
    for (const name of names) {
      const { id, ports } = publishedPorts(this.context, name, port);
      for (const { container, host } of ports) {
        if (flags.all) this.print(`${id.slice(0, 12)}\t`);
        this.printLine(port ? host : `${container} -> ${host}`);
      }
    }
  }
}
