import { atMost, CoracleCommand, flag } from "../../src/cli/command.ts";
import { keyValues } from "../../src/cli/key-values.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create a new volume";
  static override description = "Creates a volume in the store; without NAME one is drawn.";
  static override usage = "[options] [NAME]";
  static override examples = [
    "coracle volume create myvol",
    "coracle volume create",
    "coracle volume create --label foo=bar myvol",
  ];
  static override flags = {
    driver: flag.string({ char: "d", description: "Specify volume driver name", default: "local" }),
    ignore: flag.boolean({ description: "Don't fail if volume already exists" }),
    label: flag.stringArray({ char: "l", description: "Set metadata for a volume" }),
    opt: flag.stringArray({ char: "o", description: "Set driver specific options" }),
  };
  static override arity = atMost(1);

  async run(): Promise<void> {
    const { flags, args } = await this.input(Create);
    await this.requireNamespace();
    const { createVolume } = await import("../../src/engine/volume/create.ts");
    const name = await createVolume(this.context, {
      name: args[0],
      driver: flags.driver,
      labels: keyValues(flags.label),
      options: keyValues(flags.opt),
      ignore: flags.ignore,
    });
    this.printLine(name);
  }
}
