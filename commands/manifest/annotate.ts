import { between, CoracleCommand, flag } from "../../src/cli/command.ts";
import { instanceFlags } from "../../src/cli/manifest-flags.ts";

export default class Annotate extends CoracleCommand {
  static override summary = "Add or update information about an entry in a manifest list or image index";
  static override description =
    "Adds or updates information about an image in a manifest list or image index, or with --index about the list itself.";
  static override usage = "[options] LIST IMAGEORDIGEST";
  static override examples = [
    "coracle manifest annotate --annotation left=right mylist:v1.11 sha256:59eec8837a4d942cc19a52b8c09ea75121acc38114a2c68b98983ce9356b8610",
    "coracle manifest annotate --index --annotation left=right mylist:v1.11",
  ];
  static override flags = {
    ...instanceFlags,
    subject: flag.string({ description: "Set the subject to which the image index refers" }),
    index: flag.boolean({ description: "Apply --annotation values to the image index itself" }),
  };
  static override arity = between(1, 2);
  static override completes = ["image", "list-member"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Annotate);
    const [list, image] = args as [string, string | undefined];
    const { annotateInstance, annotateList, setSubject } = await import(
      "../../src/engine/manifest/annotate.ts"
    );
    const { instanceChange } = await import("../../src/cli/manifest-flags.ts");
    const change = instanceChange(flags);
    if (image === undefined && !flags.index) throw this.usageError("expected image digest");
    if (image !== undefined && flags.index) throw this.usageError("did not expect image digest with --index");
    await this.requireNamespace();
    if (flags.subject) await setSubject(this.context, list, flags.subject);
    const id =
      image === undefined
        ? await annotateList(this.context, list, change.annotations ?? {})
        : await annotateInstance(this.context, list, image, change);
    this.printLine(id);
  }
}
