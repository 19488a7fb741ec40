import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Exists extends CoracleCommand {
  static override summary = "Volume exists";
  static override description =
    "If the given volume exists, coracle volume exists exits with 0, otherwise the exit code will be 1.";
  static override usage = "VOLUME";
  static override examples = ["coracle volume exists myvol"];
  static override arity = exactly(1);
  static override completes = ["volume"] as const;

  async run(): Promise<number> {
    const { args } = await this.input(Exists);
    const { volumeExists } = await import("../../src/engine/volume/inspect.ts");
    return volumeExists(this.context, args[0] as string) ? 0 : 1;
  }
}
