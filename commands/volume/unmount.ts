import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Unmount extends CoracleCommand {
  static override summary = "Unmount volume";
  static override description = "Unmount a volume";
  static override usage = "NAME";
  static override examples = ["coracle volume unmount myvol"];
  static override arity = exactly(1);
  static override completes = ["volume"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Unmount);
    const { unmountVolume } = await import("../../src/engine/volume/mount.ts");
    this.printLine(unmountVolume(this.context, args[0] as string));
  }
}
