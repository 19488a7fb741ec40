import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";
import { accessFlags, existingAuthFiles } from "../src/cli/registry-flags.ts";

export default class Logout extends CoracleCommand {
  static override summary = "Log out of a container registry";
  static override description = "Removes the credentials that are kept for a registry, or for all of them.";
  static override usage = "[options] [REGISTRY]";
  static override examples = ["coracle logout quay.io", "coracle logout --all"];
  static override flags = {
    all: flag.boolean({
      char: "a",
      description: "Remove the cached credentials for all registries in the auth file",
    }),
    authfile: accessFlags.authfile,
    "compat-auth-file": accessFlags["compat-auth-file"],
  };
  static override arity = atMost(1);
  static override completes = ["registry"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Logout);
    const files = existingAuthFiles(flags);
    const { logout, logoutEverywhere } = await import("../src/engine/registry/login.ts");
    if (flags.all) {
      if (args.length > 0) throw this.usageError("--all takes no arguments");
      logoutEverywhere(this.context, files);
      this.printLine("Removed login credentials for all registries");
      return;
    }
    const { registryName } = await import("../src/engine/registry/name.ts");
    const name = await registryName(args[0]);
    await logout(this.context, name, files);
    this.printLine(`Removed login credentials for ${name}`);
  }
}
