import * as fs from "node:fs";
import { atLeast, CoracleCommand, flag } from "../../src/cli/command.ts";
import { instanceFlags } from "../../src/cli/manifest-flags.ts";
import { accessFlags } from "../../src/cli/registry-flags.ts";
import { EngineError, reasonOf } from "../../src/errors.ts";

/** In Podman's order. */
const artifactFlags = [
  "artifact-type",
  "artifact-config",
  "artifact-config-type",
  "artifact-layer-type",
  "artifact-subject",
  "artifact-exclude-titles",
  "artifact-annotation",
];

export default class Add extends CoracleCommand {
  static override summary = "Add images or artifacts to a manifest list or image index";
  static override description =
    "Adds images to a manifest list or image index in local storage, where they are looked for first, and then in their registry; with --artifact an artifact that is made of files.";
  static override usage = "[options] LIST IMAGEORARTIFACT [IMAGEORARTIFACT...]";
  static override examples = [
    "coracle manifest add mylist:v1.11 docker://registry.example.com/app:arm64",
    "coracle manifest add --arch arm64 mylist:v1.11 localhost/app",
    "coracle manifest add --artifact --artifact-type text/plain mylist:v1.11 notes.txt",
  ];
  static override flags = {
    ...instanceFlags,
    all: flag.boolean({ description: "Add all of the list's images if the image is a list" }),
    artifact: flag.boolean({ description: "Add all arguments as artifact files rather than as images" }),
    "artifact-annotation": flag.stringArray({
      value: "annotation",
      description: "Set an annotation in the artifact",
    }),
    "artifact-config": flag.string({ description: "Artifact configuration file", completes: "file" }),
    "artifact-config-type": flag.string({ description: "Artifact configuration media type" }),
    "artifact-exclude-titles": flag.boolean({
      description: 'Refrain from setting "org.opencontainers.image.title" annotations on "layers"',
    }),
    "artifact-layer-type": flag.string({ description: "Artifact layer media type" }),
    "artifact-subject": flag.string({ description: "Artifact subject reference" }),
    "artifact-type": flag.string({ description: "Override the artifactType value" }),
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    creds: accessFlags.creds,
    "tls-verify": accessFlags["tls-verify"],
    insecure: accessFlags.insecure,
  };
  static override arity = atLeast(2);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Add);
    const { instanceChange } = await import("../../src/cli/manifest-flags.ts");
    const { registryAccess } = await import("../../src/cli/registry-flags.ts");
    const { parseAnnotations } = await import("../../src/oci/manifest-list.ts");
    const { addToList } = await import("../../src/engine/manifest/add.ts");
    const [list, ...images] = args;
    const common = { change: instanceChange(flags), ...registryAccess(flags, given) };
    await this.requireNamespace();
    if (flags.artifact) {
      const { addArtifactToList } = await import("../../src/engine/manifest/add-artifact.ts");
      const config = flags["artifact-config"];
      const id = await addArtifactToList(this.context, list as string, images, {
        ...common,
        type: flags["artifact-type"],
        layerType: flags["artifact-layer-type"],
        configType: flags["artifact-config-type"],
        config: config ? readUserFile(config) : undefined,
        subject: flags["artifact-subject"],
        annotations: parseAnnotations(flags["artifact-annotation"]),
        excludeTitles: flags["artifact-exclude-titles"],
      });
      return this.printLine(id);
    }
    const ofArtifacts = artifactFlags.filter((name) => given.has(name)).map((name) => `--${name}`);
    if (ofArtifacts.length > 0)
      throw this.usageError(
        `${ofArtifacts.join("/")} ${ofArtifacts.length > 1 ? "require" : "requires"} --artifact`,
      );
    const options = { all: flags.all, ...common };
    let id = "";
    for (const image of images) id = await addToList(this.context, list as string, image, options);
    this.printLine(id);
  }
}

function readUserFile(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (cause) {
    throw new EngineError("no-such-file", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}
