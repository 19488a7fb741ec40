import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";

export default class Add extends CoracleCommand {
  static override summary = "Add an OCI artifact to the local store";
  static override description = "Adds an OCI artifact to the local store from the local filesystem.";
  static override usage = "[options] ARTIFACT PATH [PATH...]";
  static override examples = [
    "coracle artifact add quay.io/myimage/myartifact:latest /tmp/foobar.txt",
    "coracle artifact add --file-type text/yaml quay.io/myimage/myartifact:latest /tmp/foobar.yaml",
    "coracle artifact add --append quay.io/myimage/myartifact:latest /tmp/foobar.tar.gz",
  ];
  static override flags = {
    annotation: flag.stringArray({ description: "Set an annotation for the specified files of artifact" }),
    append: flag.boolean({ char: "a", description: "Append files to an existing artifact" }),
    "file-type": flag.string({ description: "Set file type to use for the artifact (layer)" }),
    replace: flag.boolean({ description: "Replace an existing artifact with the same name" }),
    type: flag.string({ description: "Use type to describe an artifact" }),
  };
  static override arity = atLeast(2);
  static override completes = ["none", "file"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Add);
    await this.requireNamespace();
    const { addArtifact } = await import("../../src/engine/artifact/add.ts");
    const { parseAnnotations } = await import("../../src/oci/manifest-list.ts");
    const [name, ...files] = args;
    const digest = await addArtifact(this.context, name as string, files, {
      append: flags.append,
      replace: flags.replace,
      annotations: parseAnnotations(flags.annotation),
      type: flags.type,
      fileType: flags["file-type"],
    });
    this.printLine(digest.slice("sha256:".length));
  }
}
