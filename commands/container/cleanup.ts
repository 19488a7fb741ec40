import { any, CoracleCommand, flag } from "../../src/cli/command.ts";
import { EngineError } from "../../src/errors.ts";

export default class Cleanup extends CoracleCommand {
  static override summary = "Clean up network and mountpoints of one or more containers";
  static override description =
    "Finishes containers that have ended: clears what a killed process left of them, and removes those made with --rm.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle container cleanup ctrID1 ctrID2"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Clean up all containers" }),
    exec: flag.string({
      description: "Clean up the given exec session instead of the container",
      default: "",
      completes: "none",
    }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    rm: flag.boolean({ description: "After cleanup, remove the container entirely" }),
    rmi: flag.boolean({ description: "After cleanup, remove the image entirely" }),
    "stopped-only": flag.boolean({
      hidden: true,
      description: "Only clean up when the container is in the stopped state",
    }),
  };
  static override arity = any;
  static override completes = ["container"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Cleanup);
    this.checkSelection(args, flags);
    if (flags.exec !== "") {
      if (flags.all) throw this.usageError("--all and --exec cannot be set together");
      if (args.length > 1)
        throw this.usageError("cannot use exec option when more than one container is given");
      if (flags.rmi) throw this.usageError("--exec and --rmi cannot be set together");
    }
    const { selectContainers } = await import("../../src/engine/container/select.ts");
    const { cleanUpContainer, cleanUpSession } = await import("../../src/engine/container/cleanup.ts");
    const options = { remove: flags.rm, removeImage: flags.rmi, onlyStopped: flags["stopped-only"] };
    // Who is called when a container has ended may come too late: others have removed it.
    const chosen = { names: args, all: flags.all, latest: flags.latest, ignore: true };
    for (const name of await selectContainers(this.context, chosen)) {
      if (flags.exec !== "") {
        cleanUpSession(this.context, name, flags.exec, flags.rm);
        continue;
      }
      try {
        await cleanUpContainer(this.context, name, options);
        this.printLine(name);
      } catch (error) {
        if (!(error instanceof EngineError && error.code === "no-such-container")) this.report(error);
      }
    }
  }
}
