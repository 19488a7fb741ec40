import { badConfig, isTable, readToml, type Table, tableOf } from "./toml.ts";

/** The keys of containers.conf(5) that mean something here, by their types. Others are passed over, as Podman does. */
const schema = {
  containers: {
    annotations: "strings",
    base_hosts_file: "string",
    cgroup_conf: "strings",
    cgroupns: "string",
    cgroups: "string",
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
    ipcns: "string",
    label: "bool",
    log_driver: "string",
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
    cgroup_manager: "string",
    compression_format: "string",
    compression_level: "int",
    conmon_env_vars: "strings",
    detach_keys: "string",
    env: "strings",
    events_logfile_max_size: "size",
    events_logfile_path: "string",
    events_logger: "string",
    helper_binaries_dir: "strings",
    hooks_dir: "strings",
    image_copy_tmp_dir: "string",
    image_volume_mode: "string",
    infra_image: "string",
    multi_image_archive: "bool",
    network_cmd_options: "strings",
    network_cmd_path: "string",
    pull_policy: "string",
    remote: "bool",
    retry: "int",
    retry_delay: "string",
    runtime: "string",
    runtimes: "lists",
    runtimes_flags: "lists",
    stop_timeout: "int",
    tmp_dir: "string",
    volume_path: "string",
  },
  network: {
    default_rootless_network_cmd: "string",
    default_subnet: "string",
    default_subnet_pools: "pools",
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

/** Reads files, the weakest first, over each other. */
export function readContainersConf(files: readonly string[]): ContainersConf {
  const merged: Record<string, Record<string, unknown>> = {
    containers: {},
    engine: {},
    network: {},
    secrets: {},
  };
  const appending: Appending = new Set();
  for (const file of files) {
    const document = readToml(file);
    for (const [name, keys] of Object.entries(schema)) {
      mergeTable(merged[name] as Table, tableOf(document, name, file), keys, { file, name, appending });
    }
  }
  return merged as unknown as ContainersConf;
}

interface Place {
  file: string;
  /** Of the table. */
  name: string;
  appending: Appending;
}

function mergeTable(
  into: Record<string, unknown>,
  table: Table,
  keys: Readonly<Record<string, Kind>>,
  place: Place,
): void {
  for (const [key, kind] of Object.entries(keys)) {
    const value = table[key];
    if (value === undefined) continue;
    into[key] = mergers[kind](value, into[key], { ...place, name: `${place.name}.${key}` });
  }
}

type Merge = (value: unknown, before: unknown, place: Place) => unknown;

const mergers: Record<Kind, Merge> = {
  string: (value, _before, place) => expect(typeof value === "string", value, "a string", place),
  size: (value, _before, place) =>
    String(expect(["string", "number"].includes(typeof value), value, 'a size like "10m"', place)),
  bool: (value, _before, place) => expect(typeof value === "boolean", value, "true or false", place),
  int: (value, _before, place) => expect(Number.isSafeInteger(value), value, "a number", place),
  strings: mergeStrings,
  lists: (value, before, place) => {
    const table = expect(isTable(value), value, "a table", place) as Table;
    const lists = Object.entries(table).map(([name, list]) => [name, mergeStrings(list, undefined, place)]);
    return { ...(before as object), ...Object.fromEntries(lists) };
  },
  map: (value, before, place) => {
    const table = expect(isTable(value), value, "a table", place) as Table;
    return { ...(before as object), ...table };
  },
  pools: (value, _before, place) => {
    const isPool = (item: unknown) =>
      isTable(item) && typeof item["base"] === "string" && Number.isSafeInteger(item["size"]);
    const isList = Array.isArray(value) && value.every(isPool);
    return expect(isList, value, 'an array like [{"base"="10.89.0.0/16", "size"=24}]', place);
  },
};

function mergeStrings(value: unknown, before: unknown, place: Place): string[] {
  const list = expect(Array.isArray(value), value, "an array of strings", place) as unknown[];
  const attributes = list.filter(isTable);
  for (const { append } of attributes) {
    if (append === true) place.appending.add(place.name);
    else place.appending.delete(place.name);
  }
  const strings = list.filter((item) => !isTable(item));
  for (const item of strings) expect(typeof item === "string", item, "an array of strings", place);
  const kept = place.appending.has(place.name) ? ((before as string[] | undefined) ?? []) : [];
  return [...kept, ...(strings as string[])];
}

function expect(holds: boolean, value: unknown, what: string, { file, name }: Place): unknown {
  if (holds) return value;
  throw badConfig(file, `${name} is ${JSON.stringify(value)}, not ${what}`);
}
