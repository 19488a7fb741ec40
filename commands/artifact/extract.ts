import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";

export default class Extract extends CoracleCommand {
  static override summary = "Extract an OCI artifact to a local path";
  static override description = "Extracts the files of an OCI artifact to a local file or directory.";
  static override usage = "[options] ARTIFACT PATH";
  static override examples = [
    "coracle artifact extract quay.io/myimage/myartifact:latest /tmp/foobar.txt",
    "coracle artifact extract quay.io/myimage/myartifact:latest /home/paul/mydir",
  ];
  static override flags = {
    digest: flag.string({ description: "Only extract blob with the given digest" }),
    title: flag.string({ description: "Only extract blob with the given title" }),
  };
  static override arity = exactly(2);
  static override completes = ["artifact", "file"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Extract);
    const { extractArtifact } = await import("../../src/engine/artifact/extract.ts");
    extractArtifact(this.context, args[0] as string, args[1] as string, flags);
  }
}
