import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create manifest list or image index";
  static override description =
    "Creates a manifest list or image index in local storage, with images of local storage or of registries.";
  static override usage = "[options] LIST [IMAGE...]";
  static override examples = [
    "coracle manifest create mylist:v1.11",
    "coracle manifest create mylist:v1.11 docker://registry.example.com/app:arm64 localhost/app",
    "coracle manifest create --all mylist:v1.11 docker://registry.example.com/app",
  ];
  static override flags = {
    all: flag.boolean({ description: "Add all of the lists' images if the images to add are lists" }),
    amend: flag.boolean({
      char: "a",
      description: "Modify an existing list if one with the desired name already exists",
    }),
    annotation: flag.stringArray({ value: "annotation", description: "Set an annotation for the list" }),
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    creds: accessFlags.creds,
    "tls-verify": accessFlags["tls-verify"],
    insecure: accessFlags.insecure,
  };
  static override arity = atLeast(1);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Create);
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { createManifestList } = await import("../../src/engine/manifest/create.ts");
    const { parseAnnotations } = await import("../../src/oci/manifest-list.ts");
    const [name, ...images] = args;
    const id = await createManifestList(this.context, name as string, images, {
      all: flags.all,
      amend: flags.amend,
      annotations: parseAnnotations(flags.annotation),
      ...registryAccess(flags, given),
    });
    this.printLine(id);
  }
}
