/** Configuration files for a command: nothing of what reads them is loaded where there are none. */

import type { FlagInput } from "@oclif/core/interfaces";
import { EngineError } from "../errors.ts";
import type { Configuration } from "../host/config/configuration.ts";
import { containersConfFiles, storageConfFile } from "../host/config/files.ts";
import { ExitWith } from "./exit-with.ts";
import { errorLine, printError } from "./output.ts";

export interface ConfigurationRequest {
  /** Whether the command goes by containers.conf; what was named by the caller is read all the same. */
  configured: boolean;
  modules: readonly string[];
}

export async function findConfiguration(request: ConfigurationRequest): Promise<Configuration | undefined> {
  const { CONTAINERS_CONF, CONTAINERS_CONF_OVERRIDE } = process.env;
  const wanted =
    request.configured || request.modules.length > 0 || Boolean(CONTAINERS_CONF || CONTAINERS_CONF_OVERRIDE);
  const files = wanted ? containersConfFiles(request.modules) : [];
  const storage = storageConfFile();
  if (files.length === 0 && storage === undefined) return undefined;
  const { loadConfiguration } = await import("../host/config/load.ts");
  return loadConfiguration(files, storage);
}

/** In Podman's words and with its exit code, which are not those of other errors. */
export function refuseConfiguration(error: unknown): never {
  if (!(error instanceof EngineError)) throw error;
  printError(errorLine(error).replace(/^Error: /, "Failed to obtain coracle configuration: "));
  throw new ExitWith(1);
}

/** Defaults of flags that mean the same in every command that has them. */
export function configureFlags(
  flags: Record<string, unknown>,
  given: ReadonlySet<string>,
  definitions: FlagInput,
  { engine }: Configuration,
): void {
  const defaults: Record<string, unknown> = {
    "compression-format": engine.compression_format,
    "compression-level": engine.compression_level,
    "detach-keys": engine.detach_keys,
    "image-volume": engine.image_volume_mode,
    "multi-image-archive": engine.multi_image_archive,
    pull: engine.pull_policy,
    retry: engine.retry,
    "retry-delay": engine.retry_delay,
    "stop-timeout": engine.stop_timeout,
  };
  for (const [name, value] of Object.entries(defaults)) {
    if (value !== undefined && name in definitions && !given.has(name)) flags[name] = value;
  }
}
