import { any, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Rm extends CoracleCommand {
  static override summary = "Remove one or more secrets";
  static override description =
    "Remove one or more secrets. Containers that were made with them keep what they have.";
  static override usage = "[options] SECRET [SECRET...]";
  static override examples = ["coracle secret rm mysecret1 mysecret2", "coracle secret rm --all"];
  static override flags = {
    all: flag.boolean({ char: "a", description: "Remove all secrets" }),
    ignore: flag.boolean({ char: "i", description: "Ignore errors when a specified secret is missing" }),
  };
  static override arity = any;
  static override completes = ["secret"] as const;
  static override frees = true;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Rm);
    if ((args.length === 0) === !flags.all) {
      throw this.usageError("`coracle secret rm` requires one argument, or the --all flag");
    }
    await this.requireNamespace();
    const { removeSecrets } = await import("../../src/engine/secret/remove.ts");
    const { removed, errors } = await removeSecrets(this.context, args, flags);
    for (const id of removed) this.printLine(id);
    for (const error of errors) this.report(error);
  }
}
