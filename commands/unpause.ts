import type { Completes } from "../src/cli/flags.ts";
import { PauseCommand } from "../src/cli/pause-command.ts";

export default class Unpause extends PauseCommand {
  static override summary = "Unpause the processes in one or more containers";
  static override description = "Unpause the processes in one or more containers, by name or ID.";
  static override examples = ["coracle unpause mywebserver", "coracle unpause --all"];
  static override completes: readonly Completes[] = ["paused"];
  protected override readonly state = "paused";

  protected async act(name: string): Promise<void> {
    const { unpauseContainer } = await import("../src/engine/container/pause.ts");
    await unpauseContainer(this.context, name);
  }
}
