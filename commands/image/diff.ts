import { between, CoracleCommand } from "../../src/cli/command.ts";
import { diffFormat } from "../../src/cli/diff-command.ts";

export default class ImageDiff extends CoracleCommand {
  static override summary = "Inspect changes to the image's file systems";
  static override description =
    "Displays changes to the image's filesystem.  The image will be compared to its parent layer or the second argument when given.";
  static override usage = "[options] IMAGE [IMAGE]";
  static override examples = ["coracle image diff myImage", "coracle image diff --format json redis:alpine"];
  static override flags = { format: diffFormat };
  static override arity = between(1, 2);
  static override completes = ["image", "image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(ImageDiff);
    const { showDiff } = await import("../../src/cli/diff.ts");
    await showDiff(this.context, "image", args, flags.format);
  }
}
