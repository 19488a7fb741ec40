import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Remove extends CoracleCommand {
  static override summary = "Remove an entry from a manifest list or image index";
  static override description =
    "Removes an image, named by its digest, from a manifest list or image index in local storage.";
  static override usage = "LIST IMAGE";
  static override examples = [
    "coracle manifest remove mylist:v1.11 sha256:15352d97781ffdf357bf3459c037be3efac4133dc9070c2dce7eca7c05c3e736",
  ];
  static override arity = exactly(2);
  static override completes = ["image", "list-member"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Remove);
    const { removeInstance } = await import("../../src/engine/manifest/annotate.ts");
    this.printLine(await removeInstance(this.context, args[0] as string, args[1] as string));
  }
}
