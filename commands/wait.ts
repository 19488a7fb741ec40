import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { waitConditions } from "../src/oci/wait-conditions.ts";

export default class Wait extends CoracleCommand {
  static override summary = "Block on one or more containers";
  static override description =
    "Block until one or more containers stop and then print the exit code for each container.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle wait ctrID", "coracle wait --condition=running ctrID"];
  static override flags = {
    condition: flag.strings({
      description: "Condition to wait on",
      value: "strings",
      choices: waitConditions,
    }),
    ignore: flag.boolean({ description: "Ignore if a container does not exist" }),
    interval: flag.string({
      char: "i",
      description: "Time Interval to wait before polling for completion",
      default: "250ms",
    }),
    "exit-first-match": flag.boolean({
      description: "Wait for exit of first container which matches conditions",
    }),
    // The same under its other name.
    "return-on-first": flag.boolean({
      description: "Return when the first container has stopped",
      hidden: true,
    }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity = any;
  static override completes = ["container"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Wait);
    this.checkSelection(args, flags, `"${this.invocation.path}" requires a name, id, or the "--latest" flag`);
    const { parseDuration } = await import("../src/cli/values.ts");
    // The unit may be left out: milliseconds.
    const unit = /^[+-]?[\d.]*\d[\d.]*$/.test(flags.interval) ? "ms" : "";
    const interval = parseDuration(flags.interval + unit);
    const { selectContainers, forEach } = await import("../src/engine/container/select.ts");
    const { checkConditions, waitContainer } = await import("../src/engine/container/wait.ts");
    const chosen = { names: args, latest: flags.latest };
    // With --ignore a missing one is told as -1 in its place.
    const names = flags.ignore && !flags.latest ? args : await selectContainers(this.context, chosen);
    checkConditions(flags.condition);
    const wait = (name: string) =>
      waitContainer(this.context, name, { conditions: flags.condition, interval });
    if (flags["exit-first-match"] || flags["return-on-first"]) {
      this.printLine(String(await Promise.race(names.map(wait))));
      return;
    }
    const results = await forEach(names, wait, names.length);
    for (const result of results) {
      if (result.status === "fulfilled") this.printLine(String(result.value));
      else if (flags.ignore && result.reason?.code === "no-such-container") this.printLine("-1");
      else this.report(result.reason);
    }
  }
}
