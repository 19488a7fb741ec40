import { CoracleCommand, flag } from "../../src/cli/command.ts";
import { confirm } from "../../src/cli/confirm.ts";
import { rephrase } from "../../src/errors.ts";

export default class Reset extends CoracleCommand {
  static override summary = "Reset coracle storage back to default state";
  static override description =
    "Reset coracle storage back to default state\n\nAll containers will be stopped and removed, and all images, volumes, networks and container content will be removed.";
  static override examples = ["coracle system reset", "coracle system reset --force"];
  static override flags = {
    force: flag.boolean({ char: "f", description: "Do not prompt for confirmation" }),
  };
  static override frees = true;

  async run(): Promise<void> {
    const { flags } = await this.input(Reset);
    const warning = `WARNING! This will remove:
        - all containers
        - all pods
        - all images
        - all networks
        - all build cache
        - all machines
        - all volumes
        - the graphRoot directory: ${JSON.stringify(this.context.graphRoot)}
        - the runRoot directory: ${JSON.stringify(this.context.runRoot)}
Are you sure you want to continue? [y/N] `;
    if (!flags.force && !(await confirmed(warning))) return;
    const { systemReset } = await import("../../src/engine/system/reset.ts");
    await systemReset(this.context);
  }
}

/** Of an answer that doesn't come Podman says so with another exit code than elsewhere. */
async function confirmed(warning: string): Promise<boolean> {
  try {
    return await confirm(warning);
  } catch (error) {
    throw rephrase(error, { exitCode: 1 });
  }
}
