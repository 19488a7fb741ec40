import type { ContainersConf } from "./containers-conf-keys.ts";
import type { StorageConf } from "./storage-conf.ts";

/** What the configuration files say. */
export interface Configuration extends ContainersConf {
  /** The containers.conf files read, the weakest first. */
  files: readonly string[];
  storage?: StorageConf;
}

/** Where there are no files, or the command doesn't go by them. */
export const noConfiguration: Configuration = {
  files: [],
  containers: {},
  engine: {},
  network: {},
  secrets: {},
};
