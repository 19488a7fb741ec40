import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { clearScreen, isTerminal } from "../src/cli/output.ts";

export default class Stats extends CoracleCommand {
  static override summary = "Display a live stream of container resource usage statistics";
  static override description =
    "Display percentage of CPU, memory, network I/O, block I/O and PIDs for one or more containers.";
  static override usage = "[options] [CONTAINER...]";
  static override examples = [
    "coracle stats --all --no-stream",
    "coracle stats ctrID",
    'coracle stats --no-stream --format "table {{.ID}} {{.Name}} {{.MemUsage}}" ctrID',
    'coracle stats --no-stream --format "{{.Name}} {{.PSI.Memory.Some.Avg10}}"',
  ];
  static override flags = {
    all: flag.boolean({
      char: "a",
      description: "Show all containers. Only running containers are shown by default. The default is false",
    }),
    format: flag.string({
      description: "Pretty-print container statistics to JSON or using a Go template",
    }),
    interval: flag.int({ char: "i", description: "Time in seconds between stats reports", default: 5 }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "no-reset": flag.boolean({ description: "Disable resetting the screen between intervals" }),
    "no-stream": flag.boolean({
      description: "Disable streaming stats and only pull the first result, default setting is false",
    }),
    "no-trunc": flag.boolean({ description: "Do not truncate output" }),
  };
  static override arity = any;
  static override completes = ["running"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Stats);
    if ([flags.all, flags.latest, args.length > 0].filter(Boolean).length > 1) {
      throw this.usageError("--all, --latest and containers cannot be used together");
    }
    if (flags.interval < 1) {
      throw this.usageError("invalid interval, must be a positive number greater zero");
    }
    const { containerStats } = await import("../src/engine/container/stats.ts");
    const { latestContainer } = await import("../src/engine/container/select.ts");
    const { showStats } = await import("../src/cli/stats.ts");
    const none = "unable to get list of containers: ";
    const names = flags.latest
      ? [latestContainer(this.context, none)]
      : args.map((name) => name.replace(/^\//, ""));
    const format = { format: flags.format, noTrunc: flags["no-trunc"] };
    const resets = !flags["no-reset"] && !flags["no-stream"] && isTerminal(1);
    for (let previous = new Map(); ; ) {
      const stats = containerStats(this.context, { names, all: flags.all }, previous);
      if (resets) clearScreen();
      showStats(stats, format, this.print);
      if (flags["no-stream"]) return;
      previous = new Map(stats.map((one) => [one.id, one]));
      await new Promise((resolve) => setTimeout(resolve, flags.interval * 1000));
    }
  }
}
