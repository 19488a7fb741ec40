import { CoracleCommand, exactly, flag } from "../src/cli/command.ts";

export default class Cp extends CoracleCommand {
  static override summary = "Copy files/folders between a container and the local filesystem";
  static override description =
    'Copy the contents of SRC_PATH to the DEST_PATH. You can copy from the container\'s file system to the local machine or the reverse, from the local filesystem to the container. If "-" is specified for either the SRC_PATH or DEST_PATH, you can also stream a tar archive from STDIN or to STDOUT.';
  static override usage = "[options] [CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH";
  static override examples = [
    "coracle cp ctrID:/root/myfile .",
    "coracle cp ./mydir ctrID:/srv",
    "coracle cp ctrID:/etc - > etc.tar",
  ];
  static override flags = {
    archive: flag.boolean({
      char: "a",
      description: "Chown copied files to the primary uid/gid of the destination container",
      default: true,
    }),
    extract: flag.boolean({ hidden: true, description: "Deprecated, and does nothing" }),
    pause: flag.boolean({ hidden: true, description: "Deprecated, and does nothing", default: true }),
    overwrite: flag.boolean({
      description: "Allow to overwrite directories with non-directories and vice versa",
    }),
  };
  static override arity = exactly(2);
  static override completes = ["copy-place", "copy-place"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Cp);
    const { copyFiles, parsePlaces } = await import("../src/engine/container/cp.ts");
    const [source, target] = parsePlaces(this.context, args[0] as string, args[1] as string);
    await copyFiles(this.context, source, target, flags);
  }
}
