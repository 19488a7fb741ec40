import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class HealthcheckRun extends CoracleCommand {
  static override summary = "Run the health check of a container";
  static override description = "Run the health check of a container";
  static override usage = "[options] CONTAINER";
  static override examples = ["coracle healthcheck run mywebapp"];
  static override flags = {
    "ignore-result": flag.boolean({ description: "Exit with 0 whatever the check has shown" }),
  };
  static override arity = exactly(1);
  static override completes = ["running"] as const;

  async run(): Promise<number> {
    const { args, flags } = await this.input(HealthcheckRun);
    const { runHealthcheck } = await import("../../src/engine/container/healthcheck.ts");
    const health = await runHealthcheck(this.context, args[0] as string);
    if (health === "healthy") return 0;
    this.printLine(health);
    return flags["ignore-result"] ? 0 : 1;
  }
}
