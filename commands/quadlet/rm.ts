import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove Quadlets";
  static override description =
    "Removes one or more installed Quadlets of the current user, with all that was installed together with them; .NAME.app means those that came from a directory NAME.";
  static override usage = "[options] QUADLET [QUADLET]...";
  static override examples = ["coracle quadlet rm web.container", "coracle quadlet rm --all --force"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all Quadlets for the current user" }),
    force: flag.boolean({ char: "f", description: "Remove running quadlets" }),
    ignore: flag.boolean({ char: "i", description: "Do not error for Quadlets that do not exist" }),
    "reload-systemd": flag.boolean({ description: "Reload systemd after removal", default: true }),
  };
  static override arity = any;
  static override completes = ["quadlet"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Rm);
    if (args.length === 0 && !flags.all) throw this.usageError("must provide at least 1 quadlet to remove");
    if (args.length > 0 && flags.all) throw this.usageError("no arguments are needed with --all");
    const { removeQuadlets } = await import("../../src/engine/quadlet/remove.ts");
    const { all, force, ignore } = flags;
    const { removed, errors } = removeQuadlets(this.context, args, { all, force, ignore });
    for (const name of removed) this.printLine(name);
    for (const error of errors) this.report(error);
    if (!flags["reload-systemd"]) return;
    const { reloadSystemd } = await import("../../src/engine/quadlet/services.ts");
    reloadSystemd();
  }
}
