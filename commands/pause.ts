import { PauseCommand } from "../src/cli/pause-command.ts";

export default class Pause extends PauseCommand {
  static override summary = "Pause all the processes in one or more containers";
  static override description = "Pause all the processes in one or more containers, by name or ID.";
  static override examples = ["coracle pause mywebserver", "coracle pause --all"];
  protected override readonly state = "running";

  protected async act(name: string): Promise<void> {
    const { pauseContainer } = await import("../src/engine/container/pause.ts");
    await pauseContainer(this.context, name);
  }
}
