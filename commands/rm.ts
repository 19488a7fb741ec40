import { any, CoracleCommand, flag } from "../src/cli/command.ts";
import { warn } from "../src/cli/log.ts";
import { EngineError } from "../src/errors.ts";

/** 1: one of them doesn't exist; 2: one of them runs. */
const exitCodes: Record<string, number> = { "no-such-container": 1, "container-running": 2 };

/** In the words of the place where Podman looks last, which scripts know. */
function notFound(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== "no-such-container") return error;
  const { code, hint, exitCode } = error;
  const text = error.message.replace("with name or ID", "with ID or name");
  return new EngineError(code, text, { hint, exitCode, cause: error });
}

export default class Rm extends CoracleCommand {
  static override summary = "Remove one or more containers";
  static override description =
    "Removes one or more containers from the host. The container name or ID can be used.\n\nCommand does not remove images. Running or unusable containers will not be removed without the -f option.";
  static override usage = "[options] CONTAINER [CONTAINER...]";
  static override examples = ["coracle rm ctrID", "coracle rm --force --all", "coracle rm -f -t 0 web"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all containers" }),
    cidfile: flag.stringArray({ description: "Read the container ID from the file", completes: "file" }),
    depend: flag.boolean({
      description: "Remove container and all containers that depend on the selected container",
    }),
    filter: flag.stringArray({ description: "Filter output based on conditions given" }),
    force: flag.boolean({ char: "f", description: "Force removal of a running or unusable container" }),
    ignore: flag.boolean({ char: "i", description: "Ignore errors when a specified container is missing" }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    time: flag.int({
      char: "t",
      aliases: ["timeout"],
      description: "Seconds to wait for stop before killing the container (default 10)",
    }),
    volumes: flag.boolean({
      char: "v",
      description: "Remove anonymous volumes associated with the container",
    }),
  };
  static override arity = any;
  static override completes = ["container"] as const;
  static override frees = true;

  async run(): Promise<number> {
    const { flags, args, given } = await this.input(Rm);
    this.checkSelection(args, flags);
    if (given.has("time") && !flags.force) {
      throw this.usageError("--force option must be specified to use the --time option");
    }
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { removeContainers } = await import("../src/engine/container/many.ts");
    const ignore = flags.ignore || flags.force;
    const { all, latest, cidfile: cidfiles, filter: filters } = flags;
    let names: string[];
    try {
      names = await selectContainers(this.context, { names: args, all, latest, cidfiles, filters, ignore });
    } catch (error) {
      if (!(error instanceof EngineError && error.code in exitCodes)) throw error;
      return this.report(notFound(error), exitCodes[error.code]);
    }
    const results = await removeContainers(this.context, names, {
      depend: flags.depend,
      force: flags.force,
      ignore,
      timeout: flags.time,
      volumes: flags.volumes,
      warn,
    });
    const codes = new Set<number>();
    for (const result of results) {
      if (result.status === "rejected")
        codes.add(this.report(notFound(result.reason), exitCodes[result.reason?.code]));
      else if (result.value !== undefined) this.printLine(result.value);
    }
    return [1, 2, 125].find((code) => codes.has(code)) ?? 0;
  }
}
