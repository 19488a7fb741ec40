import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Mount extends CoracleCommand {
  static override summary = "Mount an image's root filesystem";
  static override description =
    "coracle image mount\n  Lists all mounted images mount points if no images is specified\n\ncoracle image mount IMAGE-NAME-OR-ID\n  Mounts the specified image and prints the mountpoint\n\nOrdinary users mount inside of `coracle unshare`, and what they mount is gone when that ends.";
  static override usage = "[options] [IMAGE...]";
  static override examples = [
    "coracle image mount imgID",
    "coracle image mount imgID1 imgID2 imgID3",
    "coracle image mount --all",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Mount all images" }),
    format: flag.string({ description: "Print the mounted images in specified format (json)" }),
  };
  static override arity = any;
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Mount);
    const { printMounts, requireUnshared } = await import("../../src/cli/mounts.ts");
    requireUnshared(this.context, this.invocation.path);
    if (flags.all && args.length > 0) {
      throw this.usageError("when using the --all switch, you may not pass any image names or IDs");
    }
    const { mountedImages, mountImages } = await import("../../src/engine/image/mount.ts");
    const { listImages } = await import("../../src/engine/image/list.ts");
    const names = flags.all ? listImages(this.context).map(({ id }) => id) : args;
    const images = names.length > 0 ? mountImages(this.context, names) : mountedImages(this.context);
    const [first] = images;
    if (args.length === 1 && first && flags.format === undefined) return this.printLine(first.path);
    const rows = images.map(({ id, digest, names: repositories, path }) => ({
      label: repositories.join(" ") || "<none>",
      path,
      json: { id, Names: [digest], Repositories: repositories, mountpoint: path },
    }));
    printMounts(rows, flags.format);
  }
}
