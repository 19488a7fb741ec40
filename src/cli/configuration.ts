/** Configuration files for a command: nothing of what reads them is loaded where there are none. */

import type { FlagInput } from "@oclif/core/interfaces";
import { EngineError } from "../errors.ts";
import type { Configuration } from "../host/config/configuration.ts";
import { containersConfFiles, storageConfFile } from "../host/config/files.ts";
import type { GlobalOptions } from "../host/context.ts";
import { ExitWith } from "./exit-with.ts";
import { notSupportedYet } from "./flags.ts";
import { warn } from "./log.ts";
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
  const files = wanted ? containersConfFiles(request.modules) : { system: [], additional: [] };
  const storage = storageConfFile();
  if (files.system.length + files.additional.length === 0 && storage === undefined) return undefined;
  const { loadConfiguration } = await import("../host/config/load.ts");
  const configuration = loadConfiguration(files, storage);
  for (const entry of configuration.engine.env ?? []) {
    if (entry.includes("=")) continue;
    warn(`invalid environment variable for engine ${entry}, valid configuration is KEY=value pair`);
  }
  const { file, unknown = [] } = configuration.storage ?? {};
  if (unknown.length > 0) {
    const keys = unknown.map((key) => JSON.stringify(key)).join(" ");
    warn(`Failed to decode the keys [${keys}] from ${JSON.stringify(file)}`);
  }
  return configuration;
}

/** Podman would go to a service; --remote=false says that it shall not. */
export function refuseRemote(options: GlobalOptions): void {
  if (options.remote === false) return;
  for (const variable of ["CONTAINER_HOST", "CONTAINER_CONNECTION"]) {
    if (process.env[variable] !== undefined) throw notSupportedYet(`the variable ${variable}`);
  }
  if (options.configuration?.engine.remote) throw notSupportedYet("remote=true in containers.conf");
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
    "add-compression": engine.add_compression,
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
