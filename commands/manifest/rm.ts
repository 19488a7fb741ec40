import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove manifest list or image index from local storage";
  static override description =
    "Removes manifest lists and image indexes from local storage; their images stay.";
  static override usage = "[options] LIST [LIST...]";
  static override examples = ["coracle manifest rm mylist:v1.11"];
  static override flags = {
    ignore: flag.boolean({ char: "i", description: "Ignore errors when a specified manifest is missing" }),
  };
  static override arity = atLeast(1);
  static override completes = ["image"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Rm);
    await this.requireNamespace();
    const { removeLists } = await import("../../src/engine/manifest/rm.ts");
    const { removalError } = await import("../../src/cli/image-removal.ts");
    const { images, errors } = await removeLists(this.context, args, { ignore: flags.ignore });
    for (const name of images.flatMap(({ untagged }) => untagged)) this.printLine(`Untagged: ${name}`);
    for (const { id } of images.filter(({ deleted }) => deleted)) this.printLine(`Deleted: ${id}`);
    if (errors.length > 0) throw removalError(errors);
  }
}
