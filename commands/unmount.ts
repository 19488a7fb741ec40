import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Unmount extends CoracleCommand {
  static override summary = "Unmounts working container's root filesystem";
  static override description =
    "A container that was mounted several times is unmounted once, and stays mounted until that has been done as often.\n\nAn unmount can be forced with the --force flag.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = [
    "coracle unmount ctrID",
    "coracle unmount ctrID1 ctrID2 ctrID3",
    "coracle unmount --all",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Unmount all of the currently mounted containers" }),
    force: flag.boolean({
      char: "f",
      description: "Force the complete unmount of the specified mounted containers",
    }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Unmount);
    this.checkSelection(args, flags);
    const { unmountableContainers, unmountContainers } = await import("../src/engine/container/mount.ts");
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { context } = this;
    const names = flags.all
      ? unmountableContainers(context)
      : await selectContainers(context, { names: args, latest: flags.latest });
    unmountContainers(context, names, { force: flags.force });
    for (const name of names) this.printLine(name);
  }
}
