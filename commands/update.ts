import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";
import { healthFlags } from "../src/cli/container/health-flags.ts";
import { limitFlags } from "../src/cli/container/resource-flags.ts";

export default class Update extends CoracleCommand {
  static override summary = "Update an existing container";
  static override description =
    "Updates the configuration of an existing container, allowing changes to resource limits, ulimits, healthchecks, restart policy and environment.";
  static override usage = "[options] CONTAINER";
  static override examples = [
    "coracle update --cpus=5 myCtr",
    "coracle update --memory 1g --pids-limit 200 myCtr",
    "coracle update --restart on-failure:5 --health-interval 10s myCtr",
  ];
  static override flags = {
    ...limitFlags,
    ...healthFlags,
    env: flag.stringArray({ char: "e", description: "Set environment variables in container" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    restart: flag.string({
      description:
        'Restart policy to apply when a container exits ("always"|"no"|"never"|"on-failure"|"unless-stopped")',
      choices: ["always", "no", "on-failure", "unless-stopped"],
    }),
    ulimit: flag.strings({ description: "Ulimit options" }),
    unsetenv: flag.stringArray({ description: "Unset environment default variables in container" }),
  };
  static override arity = atMost(1);
  static override completes = ["container"] as const;

  async run(): Promise<void> {
    const { flags, given, args } = await this.input(Update);
    if (flags.latest && args.length > 0) {
      throw this.usageError("--latest and containers cannot be used together");
    }
    if (!flags.latest && args.length !== 1) {
      throw this.usageError(`accepts 1 arg(s), received ${args.length}`);
    }
    const { latestContainer } = await import("../src/engine/container/select.ts");
    const { updateContainer } = await import("../src/engine/container/update.ts");
    const { containerChange } = await import("../src/cli/container/change.ts");
    const name = flags.latest ? latestContainer(this.context) : (args[0] as string);
    this.printLine(await updateContainer(this.context, name, containerChange(flags, given)));
  }
}
