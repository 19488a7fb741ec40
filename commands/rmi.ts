import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Rmi extends CoracleCommand {
  static override summary = "Removes one or more images from local storage";
  static override description = "Removes one or more previously pulled or locally created images.";
  static override usage = "[options] IMAGE [IMAGE...]";
  static override examples = [
    "coracle rmi imageID",
    "coracle rmi --force alpine",
    "coracle rmi c4dfb1609ee2 93fd78260bd1 c0ed59d05ff7",
  ];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all images" }),
    force: flag.boolean({ char: "f", description: "Force Removal of the image" }),
    ignore: flag.boolean({ char: "i", description: "Ignore errors if a specified image does not exist" }),
    "no-prune": flag.boolean({ description: "Do not remove dangling images" }),
  };
  static override arity = any;
  static override completes = ["image"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Rmi);
    if (args.length === 0 && !flags.all) throw this.usageError("image name or ID must be specified");
    if (args.length > 0 && flags.all) {
      throw this.usageError("when using the --all switch, you may not pass any images names or IDs");
    }
    await this.requireNamespace();
    const { removeImages, removeMatching } = await import("../src/engine/image/remove.ts");
    const { removalError } = await import("../src/cli/image-removal.ts");
    // What isn't there is no error with --force, as in Podman.
    const options = { force: flags.force, ignore: flags.ignore || flags.force, noPrune: flags["no-prune"] };
    const { images, errors } = flags.all
      ? await removeMatching(this.context, ["readonly=false"], options)
      : await removeImages(this.context, args, options);
    for (const name of images.flatMap(({ untagged }) => untagged)) this.printLine(`Untagged: ${name}`);
    for (const { id } of images.filter(({ deleted }) => deleted)) this.printLine(`Deleted: ${id}`);
    if (errors.length > 0) throw removalError(errors);
  }
}
