import { checkpointRefusal } from "../../src/cli/checkpoint.ts";
import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Checkpoint extends CoracleCommand {
  static override summary = "Checkpoint one or more containers";
  static override description =
    "Checkpoints one or more running containers. This is not supported: it takes real root and CRIU, which containers of ordinary users don't have.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle container checkpoint ctrID"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Checkpoint all running containers" }),
    compress: flag.string({
      char: "c",
      description: "Select compression algorithm (gzip, none, zstd) for checkpoint archive.",
      default: "zstd",
      choices: ["gzip", "none", "zstd"],
    }),
    "create-image": flag.string({ description: "Create checkpoint image with specified name" }),
    export: flag.string({
      char: "e",
      description: "Export the checkpoint image to a tar.gz",
      completes: "file",
    }),
    "file-locks": flag.boolean({ description: "Checkpoint a container with file locks" }),
    "ignore-rootfs": flag.boolean({ description: "Do not include root file-system changes when exporting" }),
    "ignore-volumes": flag.boolean({ description: "Do not export volumes associated with container" }),
    keep: flag.boolean({ char: "k", description: "Keep all temporary checkpoint files" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "leave-running": flag.boolean({
      char: "R",
      description: "Leave the container running after writing checkpoint to disk",
    }),
    "pre-checkpoint": flag.boolean({
      char: "P",
      description: "Dump container's memory information only, leave the container running",
    }),
    "print-stats": flag.boolean({ description: "Display checkpoint statistics" }),
    "tcp-established": flag.boolean({
      description: "Checkpoint a container with established TCP connections",
    }),
    "with-previous": flag.boolean({ description: "Checkpoint container with pre-checkpoint images" }),
  };
  static override arity = any;
  static override completes = ["running"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Checkpoint);
    this.checkSelection(args, flags);
    throw checkpointRefusal(this.context, "checkpointing");
  }
}
