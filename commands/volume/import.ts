import { CoracleCommand, exactly } from "../../src/cli/command.ts";

export default class Import extends CoracleCommand {
  static override summary = "Import a tarball contents into a coracle volume";
  static override description =
    "Imports contents into a coracle volume from specified tarball (.tar, .tar.gz, .tgz, .bzip, .tar.xz, .txz).";
  static override usage = "VOLUME [SOURCE]";
  static override examples = [
    "coracle volume import my_vol /home/user/import.tar",
    "cat ctr.tar | coracle volume import my_vol -",
  ];
  static override arity = exactly(2);
  static override completes = ["volume", "file"] as const;

  async run(): Promise<void> {
    const { args } = await this.input(Import);
    await this.requireNamespace();
    const { importVolume } = await import("../../src/engine/volume/import.ts");
    const [name, source] = args as [string, string];
    await importVolume(this.context, name, source);
  }
}
