import { EngineError } from "../errors.ts";
import type { ImageExecutionConfig } from "../oci/image.ts";
import { checkExecutionConfig } from "../oci/image-manifest.ts";
import type { ManifestFormat } from "../oci/manifest-format.ts";
import { readText } from "./host-env.ts";

/** `--format` of commit, with other words than push has. */
export function commitFormat(text: string): ManifestFormat {
  if (text === "oci") return "oci";
  if (text === "docker") return "v2s2";
  throw new EngineError("bad-argument", `unrecognized image format ${JSON.stringify(text)}`, {
    hint: "use oci or docker",
  });
}

/** `--config` of commit: the `config` of an image config in Docker's form. */
export function readImageConfig(file: string): ImageExecutionConfig {
  let config: unknown;
  try {
    config = JSON.parse(readText(file));
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw new EngineError("bad-argument", `parsing configuration file ${file}: not valid JSON`, { cause });
  }
  checkExecutionConfig(config, `configuration file ${file}`);
  return (config ?? {}) as ImageExecutionConfig;
}
