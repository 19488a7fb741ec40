import type { DiffKind } from "../engine/system/diff.ts";
import type { Arity } from "./arity.ts";
import { between, CoracleCommand, flag } from "./command.ts";

export const diffFormat = flag.string({ description: "Change the output format (json)" });

/** What `diff` and `container diff` have in common. */
export abstract class DiffCommand extends CoracleCommand {
  static override flags = {
    format: diffFormat,
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
  };
  static override arity: Arity = (args, path) => {
    if (args.length > 0) between(1, 2)(args, path); // none is well with --latest
  };

  protected abstract readonly kind: DiffKind;

  async run(): Promise<void> {
    const { flags, args } = await this.input(DiffCommand);
    if (!flags.latest && args.length === 0) {
      throw this.usageError(`"${this.invocation.path}" requires a name, id, or the "--latest" flag`);
    }
    if (flags.latest && args.length > 0)
      throw this.usageError("--latest and containers cannot be used together");
    const { latestContainer } = await import("../engine/container/select.ts");
    const { showDiff } = await import("./diff.ts");
    const names = flags.latest ? [latestContainer(this.context, "unable to get latest container: ")] : args;
    await showDiff(this.context, this.kind, names, flags.format);
  }
}
