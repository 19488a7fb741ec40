import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";
import { rephrase } from "../src/errors.ts";

export default class Logs extends CoracleCommand {
  static override summary = "Fetch the logs of one or more containers";
  static override description =
    "Retrieves logs for one or more containers.\n\nThis does not guarantee execution order when combined with coracle run (i.e., your run may not have generated any logs at the time you execute coracle logs).";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = [
    "coracle logs ctrID",
    "coracle logs --tail 2 mywebserver",
    "coracle logs --follow=true --since 10m ctrID",
  ];
  static override flags = {
    color: flag.boolean({ description: "Output the containers with different colors in the log" }),
    follow: flag.boolean({ char: "f", description: "Follow log output" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    names: flag.boolean({ char: "n", description: "Output the container name in the log" }),
    since: flag.string({ description: "Show logs since TIMESTAMP" }),
    tail: flag.int({
      description: "Output the specified number of LINES at the end of the logs",
      default: -1,
    }),
    timestamps: flag.boolean({ char: "t", description: "Output the timestamps in the log" }),
    until: flag.string({ description: "Show logs until TIMESTAMP" }),
  };
  static override arity = atLeast(0);
  static override completes = ["container"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Logs);
    this.checkSelection(args, flags, "specify at least one container name or ID to log");
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { showLogs } = await import("../src/cli/logs.ts");
    const since = await this.time("since", flags.since);
    const until = await this.time("until", flags.until);
    const names = await selectContainers(this.context, { names: args, latest: flags.latest });
    await showLogs(this.context, names, {
      follow: flags.follow,
      tail: flags.tail < 0 ? undefined : flags.tail,
      since,
      until,
      timestamps: flags.timestamps,
      names: flags.names,
      color: flags.color,
    });
  }

  private async time(name: "since" | "until", text: string | undefined): Promise<number | undefined> {
    if (text === undefined) return undefined;
    const { parseInputTime } = await import("../src/cli/values.ts");
    try {
      return parseInputTime(text, name === "since");
    } catch (error) {
      throw rephrase(error, { prefix: `parsing --${name} ${JSON.stringify(text)}: `, exitCode: 125 });
    }
  }
}
