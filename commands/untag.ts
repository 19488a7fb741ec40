import { atLeast, CoracleCommand } from "../src/cli/command.ts";

export default class Untag extends CoracleCommand {
  static override summary = "Remove a name from a local image";
  static override description = "Removes one or more names from a locally-stored image.";
  static override usage = "IMAGE [IMAGE...]";
  static override examples = [
    "coracle untag 0e3bbc2",
    "coracle untag imageID:latest otherImageName:latest",
    "coracle untag httpd myregistryhost:5000/fedora/httpd:v2",
  ];
  static override arity = atLeast(1);
  static override completes = ["image"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { args } = await this.input(Untag);
    const { removeTags } = await import("../src/engine/image/untag.ts");
    const [image, ...names] = args;
    await removeTags(this.context, image as string, names);
  }
}
