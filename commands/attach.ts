import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Attach extends CoracleCommand {
  static override summary = "Attach to a running container";
  static override description =
    "The coracle attach command allows you to attach to a running container using the container's ID or name.";
  static override usage = "[options] CONTAINER";
  static override examples = ["coracle attach ctrID", "coracle attach --no-stdin ctrID"];
  static override flags = {
    "detach-keys": flag.string({
      value: "[a-Z]",
      description: "Select the key sequence for detaching a container",
      default: "ctrl-p,ctrl-q",
      completes: "detach-keys",
    }),
    latest: flag.boolean({ char: "l", description: "Act on the latest container coracle is aware of" }),
    "no-stdin": flag.boolean({ description: "Do not attach STDIN. The default is false" }),
    "sig-proxy": flag.boolean({ description: "Proxy received signals to the process", default: true }),
  };
  static override arity = atMost(1, (path) => `\`${path}\` accepts at most one argument`);
  static override completes = ["running"] as const;

  async run(): Promise<number> {
    const { flags, args } = await this.input(Attach);
    this.checkSelection(args, flags, `"${this.invocation.path}" requires a name, id, or the "--latest" flag`);
    const { selectContainers } = await import("../src/engine/container/select.ts");
    const { attachContainer } = await import("../src/engine/container/attach.ts");
    const names = await selectContainers(this.context, { names: args, latest: flags.latest });
    const code = await attachContainer(this.context, names[0] as string, {
      stdin: !flags["no-stdin"],
      detachKeys: flags["detach-keys"],
      sigProxy: flags["sig-proxy"],
    });
    return code ?? 0;
  }
}
