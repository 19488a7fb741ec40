import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { instanceFlags } from "../../src/cli/manifest-flags.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";

export default class Add extends CoracleCommand {
  static override summary = "Add images to a manifest list or image index";
  static override description =
    "Adds images to a manifest list or image index in local storage. They are looked for in local storage, and then in their registry.";
  static override usage = "[options] LIST IMAGE [IMAGE...]";
  static override examples = [
    "coracle manifest add mylist:v1.11 docker://registry.example.com/app:arm64",
    "coracle manifest add --arch arm64 mylist:v1.11 localhost/app",
  ];
  static override flags = {
    ...instanceFlags,
    all: flag.boolean({ description: "Add all of the list's images if the image is a list" }),
    artifact: flag.unsupported("bool", { description: "Add all arguments as artifact files" }),
    "artifact-config": flag.unsupported("string", { description: "Configuration file of the artifact" }),
    "artifact-config-type": flag.unsupported("string", {
      description: "Media type of the artifact's configuration",
    }),
    "artifact-exclude-titles": flag.unsupported("bool", {
      description: "Add no titles to the artifact's files",
    }),
    "artifact-layer-type": flag.unsupported("string", { description: "Media type of the artifact's files" }),
    "artifact-subject": flag.unsupported("string", { description: "Image that the artifact refers to" }),
    "artifact-type": flag.unsupported("string", { description: "Type of the artifact" }),
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    creds: accessFlags.creds,
    "tls-verify": accessFlags["tls-verify"],
  };
  static override arity = atLeast(2);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Add);
    const { instanceChange } = await import("../../src/cli/manifest-flags.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { addToList } = await import("../../src/engine/manifest/add.ts");
    const [list, ...images] = args;
    const options = { all: flags.all, change: instanceChange(flags), ...registryAccess(flags, given) };
    let id = "";
    for (const image of images) id = await addToList(this.context, list as string, image, options);
    this.printLine(id);
  }
}
