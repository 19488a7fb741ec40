import { checkpointRefusal } from "../../src/cli/checkpoint.ts";
import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Restore extends CoracleCommand {
  static override summary = "Restore one or more containers from a checkpoint";
  static override description =
    "Restores containers from a checkpoint. This is not supported: it takes real root and CRIU, which containers of ordinary users don't have.";
  static override usage = "[options] CONTAINER|IMAGE [CONTAINER|IMAGE...]";
  static override examples = ["coracle container restore ctrID"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Restore all checkpointed containers" }),
    "file-locks": flag.boolean({ description: "Restore a container with file locks" }),
    "ignore-rootfs": flag.boolean({
      description: "Do not apply root file-system changes when importing from exported checkpoint",
    }),
    "ignore-static-ip": flag.boolean({ description: "Ignore IP address set via --static-ip" }),
    "ignore-static-mac": flag.boolean({ description: "Ignore MAC address set via --mac-address" }),
    "ignore-volumes": flag.boolean({ description: "Do not export volumes associated with container" }),
    import: flag.string({
      char: "i",
      description: "Restore from exported checkpoint archive (tar.gz)",
      completes: "file",
    }),
    "import-previous": flag.string({
      description: "Restore from exported pre-checkpoint archive (tar.gz)",
      completes: "file",
    }),
    keep: flag.boolean({ char: "k", description: "Keep all temporary checkpoint files" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    name: flag.string({
      char: "n",
      description:
        "Specify new name for container restored from exported checkpoint (only works with image or --import)",
    }),
    pod: flag.string({
      description: "Restore container into existing Pod (only works with image or --import)",
    }),
    "print-stats": flag.boolean({ description: "Display restore statistics" }),
    publish: flag.strings({
      char: "p",
      description: "Publish a container's port, or a range of ports, to the host",
    }),
    "tcp-established": flag.boolean({ description: "Restore a container with established TCP connections" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Restore);
    if (flags.import === undefined) this.checkSelection(args, flags);
    throw checkpointRefusal(this.context, "restoring");
  }
}
