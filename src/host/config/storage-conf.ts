import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { isTable, parseToml, readTomlText, type Table } from "./toml.ts";
import { inside, type Kind, member, mergeTable, type Place, tableIn } from "./toml-tables.ts";

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
  /** No overlay is mounted `volatile`. */
  disableVolatile: boolean;
  /** Keys that neither Podman nor we know. */
  unknown: string[];
}

export interface StorageConfReader {
  rootless: boolean;
  env: NodeJS.ProcessEnv;
  uid: number;
}

interface Values {
  additionalimagestores?: string[];
  "auto-userns-max-size"?: number;
  "auto-userns-min-size"?: number;
  "disable-volatile"?: boolean;
  driver?: string;
  driver_priority?: string[];
  force_mask?: number | string;
  graphroot?: string;
  imagestore?: string;
  rootless_storage_path?: string;
  runroot?: string;
  transient_store?: boolean;
}

type Keys = Readonly<Record<string, Kind>>;

const texts = (...names: string[]): Keys => Object.fromEntries(names.map((name) => [name, "string"]));

const STORAGE: Keys = {
  ...texts("driver", "graphroot", "imagestore", "rootless_storage_path", "runroot"),
  driver_priority: "list",
  transient_store: "bool",
};

const OPTIONS: Keys = {
  ...texts("ignore_chown_errors", "mount_program", "mountopt", "size", "skip_mount_home"),
  ...texts("remap-gids", "remap-group", "remap-uids", "remap-user", "root-auto-userns-user"),
  additionalimagestores: "list",
  additionallayerstores: "list",
  "auto-userns-max-size": "uint32",
  "auto-userns-min-size": "uint32",
  "disable-volatile": "bool",
  force_mask: "uint32",
  pull_options: "map",
};

/** Tables of [storage.options]; only those of the drivers that we have count. */
const DRIVERS: Readonly<Record<string, Keys>> = {
  aufs: texts("mountopt"),
  btrfs: texts("min_space", "size"),
  overlay: {
    ...texts("ignore_chown_errors", "inodes", "mount_program", "mountopt", "size", "skip_mount_home"),
    ...texts("force_mask", "use_composefs"),
  },
  thinpool: texts(
    ...["autoextend_percent", "autoextend_threshold", "basesize", "blocksize", "directlvm_device"],
    ...[
      "directlvm_device_force",
      "fs",
      "log_level",
      "metadata_size",
      "min_free_space",
      "mkfsarg",
      "mountopt",
    ],
    ...["size", "use_deferred_deletion", "use_deferred_removal", "xfs_nospace_max_retries"],
  ),
  vfs: texts("ignore_chown_errors"),
  zfs: texts("fsname", "mountopt", "size"),
};

/** Those that are options of the driver's. */
const DRIVER_OPTIONS = ["ignore_chown_errors", "mount_program", "mountopt", "force_mask", "size", "inodes"];

/** What would put data in other places, and can't be passed over. */
const UNSUPPORTED = ["imagestore", "transient_store"] as const;

/** Reads storage.conf. A user's containers don't go where the machine's file says, unless it says so for users. */
export function readStorageConf(file: string, reader: StorageConfReader): StorageConf {
  const { rootless, env } = reader;
  const { values, driverOptions, unknown } = readValues(file);
  for (const key of UNSUPPORTED) {
    if (values[key]) throw badStorageConf(file, `storage.${key} is not supported yet`);
  }
  const directory = (text: string | undefined) => (text ? expand(text, reader) : undefined);
  const isOfMachine = rootless && !env.CONTAINERS_STORAGE_CONF && /^\/(etc|usr)\//.test(file);
  const graphRoot =
    directory(values.rootless_storage_path) ?? (isOfMachine ? undefined : directory(values.graphroot));
  if (graphRoot !== undefined && !path.isAbsolute(graphRoot)) throw relativeRoot(graphRoot);
  const runRoot = isOfMachine ? undefined : directory(values.runroot);
  return {
    file,
    graphRoot: graphRoot && path.resolve(graphRoot),
    runRoot: runRoot && path.resolve(runRoot),
    driver: values.driver || undefined,
    driverPriority: values.driver_priority ?? [],
    autoUserns: {
      min: values["auto-userns-min-size"] || undefined,
      max: values["auto-userns-max-size"] || undefined,
    },
    options: [
      ...(values.additionalimagestores ?? []).map(
        (store) => `overlay.imagestore=${path.resolve(expand(store, reader))}`,
      ),
      ...driverOptions,
    ],
    disableVolatile: values["disable-volatile"] ?? false,
    unknown,
  };
}

function readValues(file: string): { values: Values; driverOptions: string[]; unknown: string[] } {
  const text = readTomlText(file);
  const tell = (what: string) => badStorageConf(file, what);
  const document = parseToml(text, file, (_file, what) => tell(what));
  const values: Table = {};
  const ofDriver: Table = {};
  const found = member(document, "storage");
  if (found !== undefined) {
    const place: Place = { text, key: found.written, name: "storage", appending: new Set(), tell };
    const storage = tableIn(found.value, "config.StorageConfig", place);
    mergeTable(values, storage, STORAGE, place);
    withTable(storage, "options", "config.OptionsConfig", place, (options, at) => {
      mergeTable(values, options, OPTIONS, at);
      if (typeof values["force_mask"] === "number") values["force_mask"] = values["force_mask"].toString(8);
      for (const [driver, keys] of Object.entries(DRIVERS)) {
        const into = ["overlay", "vfs"].includes(driver) ? ofDriver : {};
        withTable(options, driver, "config.OptionsConfig", at, (table, there) =>
          mergeTable(into, table, keys, there),
        );
      }
    });
  }
  return {
    values: values as Values,
    driverOptions: [values, ofDriver].flatMap((table) =>
      DRIVER_OPTIONS.filter((key) => table[key]).map((key) => `overlay.${key}=${table[key]}`),
    ),
    unknown: unknownKeys(document),
  };
}

function withTable(
  table: Table,
  key: string,
  type: string,
  place: Place,
  read: (table: Table, place: Place) => void,
): void {
  const found = member(table, key);
  if (found === undefined) return;
  const at = inside(place, found.written);
  read(tableIn(found.value, type, at), at);
}

/** Tables in tables, down to keys with any value. */
interface Tree {
  [key: string]: Tree | Kind;
}

const KNOWN: Tree = { storage: { ...STORAGE, options: { ...OPTIONS, ...DRIVERS } } };

function unknownKeys(table: Table, known: Tree = KNOWN, prefix = ""): string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const below = known[key.toLowerCase()];
    const inner =
      isTable(value) && typeof below !== "string" ? unknownKeys(value, below ?? {}, `${name}.`) : [];
    return below === undefined ? [name, ...inner] : inner;
  });
}

function badStorageConf(file: string, what: string): EngineError {
  return new EngineError("bad-config", `Failed to read ${file} ${what}`, { hint: "mend the file" });
}

/** Podman finds that out by a directory in it. */
function relativeRoot(directory: string): EngineError {
  const found = path.join(directory, "libpod");
  return new EngineError(
    "bad-config",
    `validating engine configs: static directory must be an absolute path - instead got ${JSON.stringify(found)}`,
    { hint: "correct graphroot or rootless_storage_path in storage.conf" },
  );
}

/** `$HOME`, `$UID`, `~`. */
function expand(text: string, { env, uid }: StorageConfReader): string {
  return text
    .replace(/^~(?=\/|$)/, env.HOME ?? "~")
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare ?? "";
      return name === "UID" || name === "EUID" ? String(uid) : (env[name] ?? "");
    });
}
