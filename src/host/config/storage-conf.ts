import * as path from "node:path";
import { badConfig, isTable, readToml, type Table, tableOf } from "./toml.ts";

/** What storage.conf says of our store; undefined what it doesn't. */
export interface StorageConf {
  file: string;
  graphRoot?: string | undefined;
  runRoot?: string | undefined;
  driver?: string | undefined;
  /** To be tried first where none is named. */
  driverPriority: string[];
  /** How many ids --userns=auto gives at least, and at most. */
  autoUserns: { min?: number | undefined; max?: number | undefined };
  /** As --storage-opt has them: `mount_program=/usr/bin/fuse-overlayfs`. */
  options: string[];
}

export interface StorageConfReader {
  rootless: boolean;
  env: NodeJS.ProcessEnv;
  uid: number;
}

/** Options of a driver that stand in its own table, and those that stand above it for all. */
const OPTIONS = ["ignore_chown_errors", "mount_program", "mountopt", "force_mask", "size", "inodes"];

/** What would put data in other places, and can't be passed over. */
const UNSUPPORTED = ["imagestore", "transient_store"];

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
  for (const key of UNSUPPORTED) {
    const value = storage[key] ?? "";
    if (![false, "", "false"].includes(value as string)) {
      throw badConfig(file, `storage.${key} is not supported yet`);
    }
  }
  const stores = strings(options, "storage.options.additionalimagestores", file);
  return {
    file,
    graphRoot: directory("rootless_storage_path") ?? (isOfMachine ? undefined : directory("graphroot")),
    runRoot: isOfMachine ? undefined : directory("runroot"),
    driver,
    driverPriority: strings(storage, "storage.driver_priority", file),
    autoUserns: {
      min: size(options, "auto-userns-min-size", file),
      max: size(options, "auto-userns-max-size", file),
    },
    options: [
      ...stores.map((store) => `overlay.imagestore=${expand(store, env, uid)}`),
      ...[options, isTable(options.overlay) ? options.overlay : {}].flatMap((table) =>
        OPTIONS.filter((key) => table[key] !== undefined && table[key] !== "").map(
          (key) => `overlay.${key}=${table[key]}`,
        ),
      ),
    ],
  };
}

function strings(table: Table, path: string, file: string): string[] {
  const value = table[path.slice(path.lastIndexOf(".") + 1)] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw badConfig(file, `${path} is not an array of strings`);
}

function size(options: Table, key: string, file: string): number | undefined {
  const value = options[key];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return (value as number) || undefined;
  throw badConfig(file, `storage.options.${key} is not a number`);
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
