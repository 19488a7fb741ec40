import { CoracleCommand, exactly, flag } from "../src/cli/command.ts";
import { programName } from "../src/cli/program-name.ts";

export default class Completion extends CoracleCommand {
  static override hidden = true;
  static override summary = "Generate shell autocompletions";
  static override description =
    "Generate shell autocompletions.\nValid arguments are bash, zsh, fish, and powershell.";
  static override usage = "[options] {bash|zsh|fish|powershell}";
  static override examples = [
    "source <(coracle completion bash)",
    "coracle completion zsh -f _coracle",
    "coracle completion fish | source",
  ];
  static override flags = {
    file: flag.string({
      char: "f",
      description: "Output the completion to file rather than stdout.",
      completes: "file",
    }),
    "no-desc": flag.boolean({ description: "Don't include descriptions in the completion output." }),
  };
  static override arity = exactly(1);
  static override completes = [["bash", "fish", "powershell", "zsh"]] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Completion);
    const { shellScript } = await import("../src/cli/completion/shells.ts");
    const [name = ""] = args;
    const script = shellScript(name, programName, flags["no-desc"]);
    if (script === undefined) throw this.usageError(`invalid argument "${name}" for "coracle completion"`);
    if (flags.file === undefined) return this.print(script);
    const { writeText } = await import("../src/cli/output.ts");
    writeText(flags.file, script);
  }
}
