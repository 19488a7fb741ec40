import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";
import { rephrase } from "../src/errors.ts";

export default class Top extends CoracleCommand {
  static override summary = "Display the running processes of a container";
  static override description =
    "Display the running processes of a container, as read from the host; no program of the container is run for it.\n\nWith anything else than format descriptors, ps(1) is run with these arguments: the host's, in the pid namespace of the container, or the container's own where somebody in it may trace processes (CAP_SYS_PTRACE).";
  static override usage = "[options] CONTAINER [FORMAT-DESCRIPTORS|ARGS...]";
  static override examples = [
    "coracle top ctrID",
    "coracle top ctrID pid seccomp args %C",
    "coracle top --latest",
    "coracle top ctrID -eo user,pid,comm",
  ];
  static override interspersed = false;
  static override flags = {
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "list-descriptors": flag.boolean({ description: "List the format descriptors", hidden: true }),
  };
  static override arity = atLeast(0);
  static override completes = ["container", "descriptor"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Top);
    const { descriptorNames, isDescriptor } = await import("../src/cli/process-table.ts");
    if (flags["list-descriptors"]) return this.printLine(descriptorNames.join("\n"));
    this.checkSelection(
      flags.latest ? [] : args,
      flags,
      "you must provide the name or id of a running container",
    );
    const name = await this.container(flags.latest ? [] : args.slice(0, 1), flags.latest);
    const words = flags.latest ? args : args.slice(1);
    const descriptors = words.flatMap((word) => word.split(",")).filter((word) => word !== "");
    if (descriptors.every(isDescriptor)) await this.showTable(name, descriptors);
    else await this.showPs(name, words);
  }

  private async container(names: string[], latest: boolean): Promise<string> {
    const { selectContainers } = await import("../src/engine/container/select.ts");
    try {
      const [name] = await selectContainers(this.context, { names, latest });
      return name as string;
    } catch (error) {
      throw rephrase(error, { prefix: "unable to look up requested container: ", exitCode: 125 });
    }
  }

  private async showTable(name: string, descriptors: string[]): Promise<void> {
    const { processRows } = await import("../src/cli/process-table.ts");
    const { formatTable } = await import("../src/cli/table.ts");
    const { containerProcesses } = await import("../src/engine/container/top.ts");
    this.print(formatTable(processRows(containerProcesses(this.context, name), descriptors)));
  }

  private async showPs(name: string, words: string[]): Promise<void> {
    await this.requireNamespace();
    const { shellWords } = await import("../src/cli/shell-words.ts");
    const { containerPs } = await import("../src/engine/container/top.ts");
    const args = words.length === 1 ? shellWords(words[0] as string) : words;
    const lines = await containerPs(this.context, name, args);
    // The line of ps itself, if its arguments are among what it shows.
    for (const line of lines) if (!line.includes(words.join(" "))) this.printLine(line);
  }
}
