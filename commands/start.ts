import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import type { FlagValues } from "../src/cli/flags.ts";

export default class Start extends CoracleCommand {
  static override summary = "Start one or more containers";
  static override description = "Starts one or more containers. The container name or ID can be used.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = [
    "coracle start 860a4b231279 5421ab43b45",
    "coracle start --interactive --attach mydb",
  ];
  static override flags = {
    all: flag.boolean({ description: "Start all containers regardless of their state or configuration" }),
    attach: flag.boolean({ char: "a", description: "Attach container's STDOUT and STDERR" }),
    "detach-keys": flag.string({
      value: "[a-Z]",
      description: "Select the key sequence for detaching a container",
      default: "ctrl-p,ctrl-q",
      completes: "detach-keys",
    }),
    filter: flag.stringArray({ char: "f", description: "Filter output based on conditions given" }),
    interactive: flag.boolean({ char: "i", description: "Keep STDIN open even if not attached" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "sig-proxy": flag.boolean({
      description: "Proxy received signals to the process (default true if attaching, false otherwise)",
    }),
  };
  static override arity = any;
  static override completes = ["stopped"] as const;

  async run(): Promise<number | undefined> {
    const { flags, args, given } = await this.input(Start);
    this.checkStart(args, flags, given);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const names = await selectContainers(this.context, {
      names: args,
      all: flags.all,
      latest: flags.latest,
      filters: flags.filter,
      states: ["created", "initialized", "exited"],
    });
    if (flags.attach) {
      if (names.length === 0) return 0;
      if (names.length > 1) throw this.usageError("you cannot start and attach multiple containers at once");
      const { startAttached } = await import("../src/engine/container/start-attached.ts");
      const code = await startAttached(this.context, names[0] as string, {
        stdin: true,
        detachKeys: flags["detach-keys"],
        sigProxy: given.has("sig-proxy") ? flags["sig-proxy"] : true,
      });
      return code ?? 0;
    }
    const { startContainers } = await import("../src/engine/container/many.ts");
    for (const result of await startContainers(this.context, names)) {
      if (result.status === "rejected") this.report(result.reason);
      else if (result.value !== undefined) this.printLine(result.value);
    }
    return undefined;
  }

  private checkStart(
    args: string[],
    { all, attach, filter, latest, ...flags }: FlagValues<typeof Start.flags>,
    given: ReadonlySet<string>,
  ): void {
    if (args.length === 0 && !latest && !all && filter.length === 0) {
      throw this.usageError("start requires at least one argument");
    }
    if (all && latest) throw this.usageError("--all and --latest cannot be used together");
    if (args.length > 0 && latest) throw this.usageError("--latest and containers cannot be used together");
    if (args.length > 1 && attach)
      throw this.usageError("you cannot start and attach multiple containers at once");
    if (args.length > 0 && all) {
      throw this.usageError("either start all containers or the container(s) provided in the arguments");
    }
    if (attach && all) throw this.usageError("you cannot start and attach all containers at once");
    if (given.has("sig-proxy") && flags["sig-proxy"] && !attach) {
      throw this.usageError("you cannot use sig-proxy without --attach: invalid argument");
    }
  }
}
