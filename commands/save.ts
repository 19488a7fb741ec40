import { atLeast, CoracleCommand, flag } from "../src/cli/command.ts";
import { isTerminal } from "../src/cli/output.ts";
import { accessFlags, policyFlag } from "../src/cli/registry-flags.ts";

export default class Save extends CoracleCommand {
  static override summary = "Save image(s) to an archive";
  static override description = "Saves images to docker-archive or oci-archive on the local machine.";
  static override usage = "[options] IMAGE [IMAGE...]";
  static override examples = [
    "coracle save --quiet -o myimage.tar imageID",
    "coracle save --format oci-archive -o alpine.tar alpine:latest",
    "coracle save > alpine-all.tar alpine:latest",
  ];
  static override flags = {
    // The way to the images that --all-platforms fetches.
    ...accessFlags,
    "signature-policy": policyFlag,
    "all-platforms": flag.boolean({
      description: "Of a manifest list all images, also those in a registry (not for docker-archive)",
    }),
    compress: flag.boolean({ description: "Compress tarball image layers when saving to a docker-dir" }),
    format: flag.string({
      description: "Save image to oci-archive, oci-dir, docker-archive or docker-dir",
      default: "docker-archive",
      choices: ["docker-archive", "oci-archive", "oci-dir", "docker-dir"],
    }),
    "multi-image-archive": flag.boolean({
      char: "m",
      description:
        "Interpret additional arguments as images not tags and create a multi-image-archive (only for docker-archive)",
    }),
    output: flag.string({
      char: "o",
      description: "Write to a specified file (default: stdout, which must be redirected)",
      completes: "file",
    }),
    quiet: flag.boolean({ char: "q", description: "Suppress the output" }),
    uncompressed: flag.boolean({
      description: "Write the layers uncompressed, as a docker-archive has them",
    }),
  };
  static override arity = atLeast(1, "need at least 1 argument");
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Save);
    const { saveImages, saveTarget } = await import("../src/engine/image/save.ts");
    const target = saveTarget(flags.format);
    if (given.has("compress") && flags.format !== "docker-dir")
      throw this.usageError("--compress can only be set when --format is 'docker-dir'");
    if (flags.output === undefined && isTerminal(1)) {
      throw this.usageError("refusing to save to terminal. Use -o flag or redirect");
    }
    if (flags.output?.includes(":"))
      throw this.usageError(`invalid filename (should not contain ':') ${JSON.stringify(flags.output)}`);
    if (flags.uncompressed && (flags.compress || flags["all-platforms"])) {
      const other = flags.compress ? "compress" : "all-platforms";
      throw this.usageError(`--uncompressed and --${other} cannot be used together`);
    }
    const { checkStoragePolicy } = await import("../src/engine/image/policy.ts");
    const { imageProgress } = await import("../src/cli/image-progress.ts");
    const { registryAccess } = await import("../src/cli/registry-flags.ts");
    checkStoragePolicy(flags["signature-policy"]);
    await saveImages(this.context, args, {
      target,
      conversion: {
        ...(flags.format === "docker-dir" ? { format: "v2s2" } : {}),
        ...(flags.compress ? { compression: "gzip", force: false } : {}),
        ...(flags.uncompressed ? { compression: "none" } : {}),
      },
      allPlatforms: flags["all-platforms"],
      access: registryAccess(flags, given),
      output: flags.output,
      multiple: flags["multi-image-archive"],
      // As Podman: an archive that goes to stdout comes without a word.
      onProgress: imageProgress(flags.quiet || flags.output === undefined),
    });
  }
}
