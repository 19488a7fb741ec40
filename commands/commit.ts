import { between, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Commit extends CoracleCommand {
  static override summary = "Create new image based on the changed container";
  static override description =
    "Create an image from a container's changes. Optionally tag the image created, set the author with the --author flag, set the commit message with the --message flag, and make changes to the instructions with the --change flag.";
  static override usage = "[options] CONTAINER [IMAGE]";
  static override examples = [
    'coracle commit -q --author "firstName lastName" --pause=false reverent_golick image-committed',
    'coracle commit --format docker --message "committing container to image" reverent_golick image-committed',
    "coracle commit containerID",
  ];
  static override flags = {
    author: flag.string({ char: "a", description: "Set the author for the image committed" }),
    change: flag.stringArray({
      char: "c",
      description:
        "Apply the following possible instructions to the created image: CMD | ENTRYPOINT | ENV | EXPOSE | LABEL | ONBUILD | STOPSIGNAL | USER | VOLUME | WORKDIR",
      completes: "change",
    }),
    config: flag.string({
      value: "file",
      description: "file containing a container configuration to merge into the image",
      completes: "file",
    }),
    format: flag.string({
      char: "f",
      value: "Format",
      description: "Format of the image manifest and metadata",
      default: "oci",
      choices: ["oci", "docker"],
    }),
    iidfile: flag.string({ value: "file", description: "file to write the image ID to", completes: "file" }),
    "include-volumes": flag.boolean({ description: "Include container volumes as image volumes" }),
    message: flag.string({ char: "m", description: "Set commit message for imported image" }),
    pause: flag.boolean({ char: "p", description: "Pause container during commit" }),
    quiet: flag.boolean({ char: "q", description: "Suppress output" }),
    squash: flag.boolean({
      char: "s",
      description: "squash newly built layers into a single new layer",
    }),
  };
  static override arity = between(1, 2);
  static override completes = ["container", "image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Commit);
    const { commitContainer } = await import("../src/engine/container/commit.ts");
    const { commitFormat, readImageConfig } = await import("../src/cli/commit-flags.ts");
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const [container = "", reference] = args;
    const id = await commitContainer(this.context, container, {
      reference: reference || undefined,
      author: flags.author,
      message: flags.message,
      changes: flags.change,
      override: flags.config === undefined ? undefined : readImageConfig(flags.config),
      format: commitFormat(flags.format),
      includeVolumes: flags["include-volumes"],
      pause: flags.pause,
      squash: flags.squash,
      iidFile: flags.iidfile,
      onProgress: imageProgress(flags.quiet),
    });
    this.printLine(id);
  }
}
