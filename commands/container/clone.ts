import { between, CoracleCommand, flag } from "../../src/cli/command.ts";
import { limitFlags } from "../../src/cli/container/resource-flags.ts";

export default class Clone extends CoracleCommand {
  static override summary = "Clone an existing container";
  static override description =
    "Creates a copy of an existing container: the same configuration, with the files of its image.";
  static override usage = "[options] CONTAINER NAME IMAGE";
  static override examples = [
    "coracle container clone myCtr",
    "coracle container clone --run --memory 1g container_name new_name image_name",
  ];
  static override flags = {
    ...limitFlags,
    destroy: flag.boolean({ description: "destroy the original container" }),
    force: flag.boolean({ char: "f", description: "force the existing container to be destroyed" }),
    name: flag.string({ description: "Assign a name to the container" }),
    pod: flag.unsupported("string", { description: "Run container in an existing pod" }),
    run: flag.boolean({ description: "run the new container" }),
  };
  static override arity = between(1, 3);
  static override completes = ["container", "none", "image"] as const;

  async run(): Promise<void> {
    const { flags, given, args } = await this.input(Clone);
    if (flags.force && !flags.destroy) {
      throw this.usageError("cannot set --force without --destroy: invalid argument");
    }
    const { cloneContainer } = await import("../../src/engine/container/clone.ts");
    const { limitChanges } = await import("../../src/cli/container/resource-flags.ts");
    const { imageProgress } = await import("../../src/cli/image-progress.ts");
    const [original, name = flags.name, image] = args;
    const id = await cloneContainer(this.context, original as string, {
      name,
      image,
      resources: limitChanges(flags, given),
      pull: { policy: "missing", onProgress: imageProgress(false) },
      run: flags.run,
      destroy: flags.destroy,
      force: flags.force,
    });
    this.printLine(id);
  }
}
