import { type EngineError, rephrase } from "../../errors.ts";
import { parseSubnet } from "../../oci/subnet.ts";
import { parseDecimalBytes } from "../../oci/units.ts";
import { checkContainersConf } from "./check.ts";
import type { ContainersConfFiles } from "./files.ts";
import { badConfig, isTable, parseToml, readTomlText, type Table } from "./toml.ts";

/** The keys of containers.conf(5) that mean something here, by their types. Others are passed over, as Podman does. */
const schema = {
  containers: {
    annotations: "strings",
    base_hosts_file: "string",
    cgroup_conf: "strings",
    cgroupns: "string",
    cgroups: "string",
    container_name_as_hostname: "bool",
    default_capabilities: "strings",
    default_sysctls: "strings",
    default_ulimits: "strings",
    devices: "strings",
    dns_options: "strings",
    dns_searches: "strings",
    dns_servers: "strings",
    env: "strings",
    env_host: "bool",
    host_containers_internal_ip: "string",
    http_proxy: "bool",
    init: "bool",
    init_path: "string",
    interface_name: "string",
    ipcns: "string",
    label: "bool",
    log_driver: "string",
    log_path: "string",
    log_size_max: "int",
    log_tag: "string",
    mounts: "strings",
    netns: "string",
    no_hosts: "bool",
    oom_score_adj: "int",
    pidns: "string",
    pids_limit: "int",
    prepare_volume_on_create: "bool",
    privileged: "bool",
    read_only: "bool",
    seccomp_profile: "string",
    shm_size: "string",
    tz: "string",
    umask: "string",
    userns: "string",
    utsns: "string",
    volumes: "strings",
  },
  engine: {
    add_compression: "strings",
    cdi_spec_dirs: "strings",
    cgroup_manager: "string",
    compression_format: "string",
    compression_level: "int",
    conmon_env_vars: "strings",
    database_backend: "string",
    detach_keys: "string",
    env: "strings",
    events_container_create_inspect_data: "bool",
    events_logfile_max_size: "size",
    events_logfile_path: "string",
    events_logger: "string",
    healthcheck_events: "bool",
    helper_binaries_dir: "strings",
    hooks_dir: "strings",
    image_copy_tmp_dir: "string",
    image_parallel_copies: "int",
    image_volume_mode: "string",
    infra_image: "string",
    init_path: "string",
    lock_type: "string",
    multi_image_archive: "bool",
    network_cmd_options: "strings",
    network_cmd_path: "string",
    platform_to_oci_runtime: "map",
    pull_policy: "string",
    remote: "bool",
    retry: "int",
    retry_delay: "string",
    runtime: "string",
    runtimes: "lists",
    runtimes_flags: "lists",
    static_dir: "string",
    stop_timeout: "int",
    tmp_dir: "string",
    volume_path: "string",
    volume_plugins: "map",
  },
  network: {
    default_network: "string",
    default_rootless_network_cmd: "string",
    default_subnet: "string",
    default_subnet_pools: "pools",
    network_backend: "string",
    network_config_dir: "string",
    pasta_options: "strings",
  },
  secrets: {
    driver: "string",
    opts: "map",
  },
} as const;

interface Types {
  string: string;
  /** A text like `10m`, or a number of bytes, which is given as text. */
  size: string;
  bool: boolean;
  int: number;
  strings: string[];
  /** Names and what stands for each: the paths of a runtime. */
  lists: Record<string, string[]>;
  map: Record<string, string>;
  /** Networks, and of which size the parts of each are. */
  pools: { base: string; size: number }[];
}

type Kind = keyof Types;
type Schema = typeof schema;
type Values<S> = { -readonly [Key in keyof S]?: S[Key] extends Kind ? Types[S[Key]] : never };

/** What containers.conf says; what isn't said is undefined. */
export type ContainersConf = { -readonly [Name in keyof Schema]: Values<Schema[Name]> };

/** What arrays with `{append=true}` have been told so far: for this file and those that follow. */
type Appending = Set<string>;

/** Reads the files over each other, the weakest first. */
export function readContainersConf({ system, additional }: ContainersConfFiles): ContainersConf {
  const merged: Record<string, Record<string, unknown>> = {
    containers: {},
    engine: {},
    network: {},
    secrets: {},
  };
  const appending: Appending = new Set();
  for (const file of [...system, ...additional]) {
    try {
      merge(merged, file, appending);
    } catch (error) {
      const kind = system.includes(file) ? "system" : "additional";
      throw rephrase(error, { prefix: `reading ${kind} config ${JSON.stringify(file)}: ` });
    }
  }
  const conf = merged as unknown as ContainersConf;
  checkContainersConf(conf);
  return conf;
}

function merge(into: Record<string, Table>, file: string, appending: Appending): void {
  const text = readTomlText(file);
  const document = parseToml(text, file);
  for (const [name, keys] of Object.entries(schema)) {
    const table = document[name] ?? {};
    const place = { file, text, table: name, key: "", appending };
    if (!isTable(table)) throw wrong(`type mismatch: expected table but found ${goType(table)}`, place);
    mergeTable(into[name] as Table, table, keys, place);
  }
}

interface Place {
  file: string;
  /** Of the file. */
  text: string;
  table: string;
  key: string;
  appending: Appending;
}

function mergeTable(into: Table, table: Table, keys: Readonly<Record<string, Kind>>, place: Place): void {
  for (const [key, kind] of Object.entries(keys)) {
    const value = table[key];
    if (value === undefined) continue;
    into[key] = mergers[kind](value, into[key], { ...place, key });
  }
}

type Merge = (value: unknown, before: unknown, place: Place) => unknown;

const mergers: Record<Kind, Merge> = {
  string: (value, _before, place) => expect(typeof value === "string", value, "string", place),
  size: (value, _before, place) => {
    const size = String(expect(["string", "number"].includes(typeof value), value, "string", place));
    if (size !== "") within(place, () => parseDecimalBytes(size));
    return size;
  },
  bool: (value, _before, place) => expect(typeof value === "boolean", value, "boolean", place),
  int: (value, _before, place) => expect(Number.isSafeInteger(value), value, "integer", place),
  strings: mergeStrings,
  lists: (value, before, place) => {
    const table = expect(isTable(value), value, "map", place) as Table;
    for (const list of Object.values(table)) {
      expect(Array.isArray(list), list, "slice", place);
      for (const item of list as unknown[]) expect(typeof item === "string", item, "string", place);
    }
    return { ...(before as object), ...table };
  },
  map: (value, before, place) => {
    const table = expect(isTable(value), value, "map", place) as Table;
    for (const item of Object.values(table)) expect(typeof item === "string", item, "string", place);
    return { ...(before as object), ...table };
  },
  pools: (value, _before, place) => {
    const list = expect(Array.isArray(value), value, "slice", place) as unknown[];
    for (const pool of list) {
      if (!isTable(pool)) throw wrong(`type mismatch: expected table but found ${goType(pool)}`, place);
      expect(Number.isSafeInteger(pool["size"]), pool["size"], "integer", place);
      within(place, () => parseSubnet(String(pool["base"])));
    }
    return list;
  },
};

function mergeStrings(value: unknown, before: unknown, place: Place): string[] {
  if (!Array.isArray(value)) throw wrong(`unable to cast to interface array: ${String(value)}`, place);
  const strings: string[] = [];
  for (const item of value as unknown[]) {
    if (typeof item === "string") strings.push(item);
    else if (isTable(item)) readAttributes(item, place);
    else throw wrong(`unsupported item in attributed string slice: ${String(item)}`, place);
  }
  const name = `${place.table}.${place.key}`;
  const kept = place.appending.has(name) ? ((before as string[] | undefined) ?? []) : [];
  return [...kept, ...strings];
}

function readAttributes(attributes: Table, place: Place): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== "append") throw wrong(`unsupported key ${JSON.stringify(name)} in map`, place);
    if (typeof value !== "boolean") throw wrong("unable to cast append to bool: append", place);
    if (value) place.appending.add(`${place.table}.${place.key}`);
    else place.appending.delete(`${place.table}.${place.key}`);
  }
}

function expect(holds: boolean, value: unknown, wanted: string, place: Place): unknown {
  if (holds) return value;
  throw wrong(
    `incompatible types: TOML value has type ${goType(value)}; destination has type ${wanted}`,
    place,
  );
}

/** The name that Podman's parser has for it. */
function goType(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "slice";
  return typeof value === "string" ? "string" : "map";
}

/** What is wrong with a value is told with the place of its key. */
function within(place: Place, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    throw wrong((error as Error).message, place);
  }
}

function wrong(what: string, { file, text, table, key }: Place): EngineError {
  const line = lineOf(text, table, key);
  const name = key === "" ? table : `${table}.${key}`;
  return badConfig(file, `toml: ${line ? `line ${line} ` : ""}(last key ${JSON.stringify(name)}): ${what}`);
}

/** Where a key is set, in the way that configurations are written; undefined for other ways. */
function lineOf(text: string, table: string, key: string): number | undefined {
  let current = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) current = header;
    const name = header === undefined ? /^\s*([\w."-]+)\s*=/.exec(line)?.[1] : undefined;
    const full = name === undefined ? current : current === "" ? name : `${current}.${name}`;
    if (full === (key === "" ? table : `${table}.${key}`)) return index + 1;
  }
  return undefined;
}
