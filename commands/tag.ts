import { atLeast, CoracleCommand } from "../src/cli/command.ts";

export default class Tag extends CoracleCommand {
  static override summary = "Add an additional name to a local image";
  static override description = "Adds one or more additional names to locally-stored image.";
  static override usage = "IMAGE TARGET_NAME [TARGET_NAME...]";
  static override examples = [
    "coracle tag 0e3bbc2 fedora:latest",
    "coracle tag imageID:latest myNewImage:newTag",
    "coracle tag httpd myregistryhost:5000/fedora/httpd:v2",
  ];
  static override arity = atLeast(2);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Tag);
    const { addTags } = await import("../src/engine/image/tag.ts");
    const [image, ...names] = args;
    await addTags(this.context, image as string, names);
  }
}
