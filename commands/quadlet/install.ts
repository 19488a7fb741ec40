import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Install extends CoracleCommand {
  static override summary = "Install a quadlet file or quadlet application";
  static override description =
    "Installs a Quadlet file, with other files that belong to it, or all files of a directory, for the current user. A file may be at a URL, and one named *.quadlets has several Quadlets, with a line --- between two, each with a comment # FileName=NAME.";
  static override usage = "[options] QUADLET-PATH [FILES-PATH]...";
  static override examples = [
    "coracle quadlet install web.container",
    "coracle quadlet install --replace ./app-directory",
  ];
  static override flags = {
    "reload-systemd": flag.boolean({
      description: "Reload systemd after installing Quadlets",
      default: true,
    }),
    replace: flag.boolean({
      char: "r",
      description: "Replace the installation even if the quadlet already exists",
    }),
  };
  static override arity = atLeast(1);
  static override completes = ["file"] as const;
  static override configured = false;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Install);
    const { installQuadlets } = await import("../../src/engine/quadlet/install.ts");
    const { installed, errors } = await installQuadlets(this.context, args, { replace: flags.replace });
    for (const file of installed) this.printLine(file);
    for (const error of errors) this.report(error);
    if (!flags["reload-systemd"]) return;
    const { reloadSystemd } = await import("../../src/engine/quadlet/services.ts");
    reloadSystemd();
  }
}
