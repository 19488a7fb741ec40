import { any, CoracleCommand, flag } from "../src/cli/command.ts";

export default class Unshare extends CoracleCommand {
  static override summary = "Run a command in a modified user namespace";
  static override description =
    "Runs a command in the user namespace of your containers, where you are root, and in a mount namespace of its own.";
  static override usage = "[options] [COMMAND [ARG...]]";
  static override examples = [
    "coracle unshare id",
    "coracle unshare cat /proc/self/uid_map",
    "coracle unshare sh -c 'cp file $(coracle mount ctrID)/etc'",
    "coracle unshare --rootless-netns ip addr",
  ];
  static override flags = {
    "rootless-netns": flag.boolean({ description: "Join the network namespace of rootless networks" }),
  };
  static override arity = any;
  static override completes = ["file"] as const;
  static override interspersed = false;

  async run(): Promise<number> {
    const { flags, args } = await this.input(Unshare);
    if (this.context.namespace === "root") throw this.usageError("please use unshare with rootless");
    const shell = process.env.SHELL;
    const command = args.length > 0 ? args : shell === undefined ? [] : [shell];
    if (command.length === 0) throw this.usageError("no command specified and no $SHELL specified");
    const { unshare } = await import("../src/engine/system/unshare.ts");
    return await unshare(this.context, command, { joinBridges: flags["rootless-netns"] });
  }
}
