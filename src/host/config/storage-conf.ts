import * as path from "node:path";
import { badConfig, isTable, readToml, tableOf } from "./toml.ts";

/** What storage.conf says of our store; undefined what it doesn't. */
export interface StorageConf {
  file: string;
  graphRoot?: string | undefined;
  runRoot?: string | undefined;
  driver?: string | undefined;
  /** As --storage-opt has them: `mount_program=/usr/bin/fuse-overlayfs`. */
  options: string[];
}

export interface StorageConfReader {
  rootless: boolean;
  env: NodeJS.ProcessEnv;
  uid: number;
}

/** Options of a driver that stand in its own table, and those that stand above it for all. */
const OPTIONS = ["ignore_chown_errors", "mount_program", "mountopt", "force_mask", "size"];

/** Reads storage.conf. A user's containers don't go where the machine's file says, unless it says so for users. */
export function readStorageConf(file: string, { rootless, env, uid }: StorageConfReader): StorageConf {
  const document = readToml(file);
  const storage = tableOf(document, "storage", file);
  const options = tableOf(storage, "options", file);
  const text = (key: string): string | undefined => {
    const value = storage[key];
    if (value === undefined || value === "") return undefined;
    if (typeof value !== "string") throw badConfig(file, `storage.${key} is not a string`);
    return value;
  };
  const directory = (key: string) => {
    const value = text(key);
    return value === undefined ? undefined : expand(value, env, uid);
  };
  const isOfMachine = rootless && !env.CONTAINERS_STORAGE_CONF && /^\/(etc|usr)\//.test(file);
  const driver = text("driver");
  const stores = options.additionalimagestores ?? [];
  if (!Array.isArray(stores) || stores.some((store) => typeof store !== "string")) {
    throw badConfig(file, "storage.options.additionalimagestores is not an array of strings");
  }
  return {
    file,
    graphRoot: directory("rootless_storage_path") ?? (isOfMachine ? undefined : directory("graphroot")),
    runRoot: isOfMachine ? undefined : directory("runroot"),
    driver,
    options: [
      ...(stores as string[]).map((store) => `overlay.imagestore=${expand(store, env, uid)}`),
      ...[options, isTable(options.overlay) ? options.overlay : {}].flatMap((table) =>
        OPTIONS.filter((key) => table[key] !== undefined && table[key] !== "").map(
          (key) => `overlay.${key}=${table[key]}`,
        ),
      ),
    ],
  };
}

/** `$HOME`, `$UID`, `~`. */
function expand(text: string, env: NodeJS.ProcessEnv, uid: number): string {
  const replaced = text
    .replace(/^~(?=\/|$)/, env.HOME ?? "~")
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare ?? "";
      return name === "UID" || name === "EUID" ? String(uid) : (env[name] ?? "");
    });
  return path.resolve(replaced);
}
