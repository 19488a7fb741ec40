import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Unmount extends CoracleCommand {
  static override summary = "Unmount an image's root filesystem";
  static override description =
    "An image that was mounted several times is unmounted once, and stays mounted until that has been done as often.\n\nAn unmount can be forced with the --force flag.";
  static override usage = "[options] IMAGE [IMAGE...]";
  static override examples = [
    "coracle image unmount imgID",
    "coracle image unmount imgID1 imgID2 imgID3",
    "coracle image unmount --all",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Unmount all of the currently mounted images" }),
    force: flag.boolean({
      char: "f",
      description: "Force the complete unmount of the specified mounted images",
    }),
  };
  static override arity = any;
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Unmount);
    if (flags.all && args.length > 0) {
      throw this.usageError("when using the --all switch, you may not pass any image names or IDs");
    }
    if (!flags.all && args.length === 0) throw this.usageError("image name or ID must be specified");
    const { mountedImages, unmountImages } = await import("../../src/engine/image/mount.ts");
    const names = flags.all ? mountedImages(this.context).map(({ id }) => id) : args;
    for (const id of unmountImages(this.context, names, { force: flags.force })) this.printLine(id);
  }
}
