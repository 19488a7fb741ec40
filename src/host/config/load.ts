import * as path from "node:path";
import { keyAndValue } from "../../oci/key-value.ts";
import type { Configuration } from "./configuration.ts";
import { readContainersConf } from "./containers-conf.ts";
import type { ContainersConfFiles } from "./files.ts";
import { readStorageConf } from "./storage-conf.ts";

/** Reads the files that were found. */
export function loadConfiguration(files: ContainersConfFiles, storage: string | undefined): Configuration {
  const configuration: Configuration = {
    files: [...files.system, ...files.additional],
    ...readContainersConf(files),
  };
  if (storage !== undefined) {
    const uid = Number(process.env.CORACLE_UID);
    configuration.storage = readStorageConf(storage, { rootless: uid !== 0, env: process.env, uid });
  }
  applyToProcess(configuration);
  return configuration;
}

/** What we start inherits it: the environment that [engine] asks for, and files whose names were relative to our directory. */
function applyToProcess({ engine }: Configuration): void {
  for (const entry of engine.env ?? []) {
    const [name, value] = keyAndValue(entry);
    // What the caller has set counts.
    if (value !== undefined) process.env[name] ??= value;
  }
  for (const name of ["CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF"]) {
    const file = process.env[name];
    if (file) process.env[name] = path.resolve(file);
  }
}
