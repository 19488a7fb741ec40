import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove one or more volumes";
  static override description =
    "Removes one or more existing volumes.\n\nBy default only volumes that are not being used by any containers will be removed. To remove the volumes anyways, use the --force flag.";
  static override usage = "[options] VOLUME [VOLUME...]";
  static override examples = [
    "coracle volume rm myvol1 myvol2",
    "coracle volume rm --all",
    "coracle volume rm --force myvol",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all volumes" }),
    force: flag.boolean({
      char: "f",
      description: "Remove a volume by force, even if it is being used by a container",
    }),
    time: flag.int({
      aliases: ["timeout"],
      char: "t",
      description: "Seconds to wait for running containers to stop before killing the container (default 10)",
    }),
  };
  static override arity = any;
  static override completes = ["volume"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Rm);
    if (given.has("time") && !flags.force) {
      throw this.usageError("--force option must be specified to use the --time option");
    }
    if ((args.length === 0) === !flags.all) {
      throw this.usageError("choose either one or more volumes or all");
    }
    await this.requireNamespace();
    const { removeVolumes } = await import("../../src/engine/volume/remove.ts");
    const { removed, errors } = await removeVolumes(this.context, args, {
      all: flags.all,
      force: flags.force,
      timeout: flags.time,
    });
    for (const name of removed) this.printLine(name);
    for (const error of errors) this.report(error);
  }
}
