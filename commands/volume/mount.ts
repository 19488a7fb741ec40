import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Mount extends CoracleCommand {
  static override summary = "Mount volume";
  static override description = "Mount a volume and return the mountpoint";
  static override usage = "NAME";
  static override examples = ["coracle unshare coracle volume mount myvol"];
  static override arity = exactly(1);
  static override completes = ["volume"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Mount);
    const { requireUnshared } = await import("../../src/cli/mounts.ts");
    requireUnshared(this.context, this.invocation.path);
    const { mountVolume } = await import("../../src/engine/volume/mount.ts");
    this.printLine(mountVolume(this.context, args[0] as string));
  }
}
