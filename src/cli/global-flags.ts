import * as fs from "node:fs";
import { EngineError, reasonOf } from "../errors.ts";
import type { GlobalOptions } from "../host/context.ts";
import type { GivenFlag } from "./argv.ts";
import { ExitWith } from "./exit-with.ts";
import * as flag from "./flags.ts";
import { logLevels } from "./log.ts";
import { printError } from "./output.ts";
import { flagSyntax, parseFlags } from "./parse-flags.ts";

/** Flags of coracle itself; most may stand before or after the command. */
export const globalFlags = {
  "cgroup-manager": flag.string({
    description: 'Cgroup manager to use ("cgroupfs"|"systemd"|"disabled")',
    choices: ["cgroupfs", "systemd", "disabled"],
  }),
  "cdi-spec-dir": flag.stringArray({
    description: "Set the CDI spec directory path (may be set multiple times)",
    completes: "file",
  }),
  context: flag.string({
    hidden: true,
    description: "Name of the context (of use with a remote service only)",
  }),
  debug: flag.boolean({ char: "D", hidden: true, description: "Docker's name of --log-level debug" }),
  "default-mounts-file": flag.string({
    hidden: true,
    description: "Path to the file of directories that containers get (mounts.conf)",
    completes: "file",
  }),
  host: flag.unsupported("string", { char: "H", hidden: true, description: "URL to access the service" }),
  "pull-option": flag.unsupported("stringArray", { hidden: true, description: "Option for pulling images" }),
  "registries-conf": flag.string({
    hidden: true,
    description: "Path to the registries.conf to use",
    completes: "file",
  }),
  config: flag.string({
    hidden: true,
    description: "Location of authentication config file",
    completes: "file",
  }),
  conmon: flag.string({
    description: "Path of the conmon binary (not used: coracle has a monitor of its own)",
    completes: "file",
  }),
  connection: flag.string({ char: "c", description: "Connection to use for remote service" }),
  "cpu-profile": flag.unsupported("string", {
    hidden: true,
    description: "Path for the cpu-profiling results",
    completes: "file",
  }),
  "db-backend": flag.string({ hidden: true, description: "Database backend to use" }),
  "events-backend": flag.string({
    description: 'Events backend to use ("file"|"journald"|"none")',
    default: "file",
    choices: ["file", "journald", "none"],
  }),
  "hooks-dir": flag.stringArray({
    description: "Set the OCI hooks directory path (may be set multiple times)",
    completes: "file",
  }),
  identity: flag.string({
    description: "Path to SSH identity file (of use with a remote service only)",
    completes: "file",
  }),
  imagestore: flag.unsupported("string", { description: "Path to the image store", completes: "file" }),
  "log-level": flag.string({
    description: `Log messages above specified level (${logLevels.join(", ")})`,
    default: "warn",
    choices: logLevels,
  }),
  "max-workers": flag.int({
    hidden: true,
    description: "The maximum number of workers for parallel operations",
  }),
  "memory-profile": flag.unsupported("string", {
    hidden: true,
    description: "Path for the memory-profiling results",
    completes: "file",
  }),
  module: flag.stringArray({ description: "Load the containers.conf(5) module", completes: "module" }),
  namespace: flag.unsupported("string", { hidden: true, description: "Set the libpod namespace" }),
  "network-cmd-path": flag.string({
    description: "Path to the command for configuring the network",
    completes: "file",
  }),
  "network-config-dir": flag.string({
    description: "Path of the configuration directory for networks",
    aliases: ["cni-config-dir"],
    completes: "file",
  }),
  noout: flag.boolean({ description: "Do not output to stdout" }),
  out: flag.string({ description: "Send output (stdout) from coracle to a file", completes: "file" }),
  remote: flag.unsupported("bool", { char: "r", description: "Access remote service" }),
  root: flag.string({
    description: "Path to the directory in which images and containers are stored",
    completes: "file",
  }),
  runroot: flag.string({
    description: "Path to the 'run directory' where all state information is stored",
    completes: "file",
  }),
  runtime: flag.string({
    description: "Path to the OCI-compatible binary used to run containers",
    completes: "file",
  }),
  "runtime-flag": flag.stringArray({ description: "Add global flags for the container runtime" }),
  ssh: flag.string({
    description: "Define the ssh mode (of use with a remote service only)",
    choices: ["golang", "native"],
  }),
  "storage-driver": flag.string({
    description: "Select which storage driver is used to manage storage of images and containers",
    choices: ["overlay", "vfs"],
  }),
  "storage-opt": flag.stringArray({ description: "Used to pass an option to the storage driver" }),
  syslog: flag.boolean({ description: "Output logging information to syslog as well as the console" }),
  tmpdir: flag.string({
    description: "Path to the tmp directory for engine state content",
    completes: "file",
  }),
  trace: flag.boolean({ hidden: true, description: "Enable opentracing output" }),
  "transient-store": flag.unsupported("bool", { description: "Enable transient container storage" }),
  url: flag.unsupported("string", { description: "URL to access the service" }),
  volumepath: flag.string({
    description: "Path to the volume directory in which volume data is stored",
    completes: "file",
  }),
};

export const globalSyntax = flagSyntax(globalFlags);

/** Those that may stand behind the command; modules are read before its flags are. */
export const inheritedSyntax = globalSyntax.filter(({ name }) => name !== "module");

type Values = flag.FlagValues<typeof globalFlags>;

/** Those that are taken as they are; of two for one option the later one counts. */
const plainOptions = {
  root: "root",
  // Ours is one directory where Podman has two.
  tmpdir: "runroot",
  runroot: "runroot",
  runtime: "runtime",
  "runtime-flag": "runtimeFlags",
  "storage-driver": "storageDriver",
  "storage-opt": "storageOptions",
  volumepath: "volumePath",
  "network-cmd-path": "networkCommand",
  "network-config-dir": "networkDirectory",
  "hooks-dir": "hooksDirectories",
  "cdi-spec-dir": "cdiSpecDirectories",
  module: "modules",
  "default-mounts-file": "defaultMountsFile",
} as const satisfies Partial<Record<keyof Values, keyof GlobalOptions>>;

/** Reads the global ones among the flags found into `options`. */
export async function readGlobalFlags(found: readonly GivenFlag[], options: GlobalOptions): Promise<void> {
  if (found.length === 0) return;
  const { flags, given } = await parseFlags<Values>(found, globalFlags);
  for (const [name, option] of Object.entries(plainOptions)) {
    if (given.has(name)) Object.assign(options, { [option]: flags[name as keyof typeof plainOptions] });
  }
  const take = <T>(name: keyof Values, use: (value: T) => void) => {
    if (given.has(name)) use(flags[name] as T);
  };
  take<string>("log-level", (level) => {
    options.logLevel = logLevel(level);
  });
  take<boolean>("debug", (debug) => {
    if (given.has("log-level")) {
      printError("Setting --log-level and --debug is not allowed");
      throw new ExitWith(1);
    }
    if (debug) options.logLevel = "debug";
  });
  take<string>("cgroup-manager", (name) => {
    options.cgroupManager = cgroupManager(name);
  });
  take<string>("events-backend", (name) => {
    options.eventsBackend = eventsBackend(name);
  });
  take<string>("config", (directory) => {
    process.env.DOCKER_CONFIG = directory;
  });
  take<string>("registries-conf", useRegistriesConf);
  take<string>("remote", () => {
    options.remote = false;
  });
  take<number>("max-workers", (number) => {
    if (number > 0) return;
    throw new EngineError("usage", `maximum workers must be set to a positive number (got ${number})`);
  });
  take<string>("context", checkContext);
  take<string>("db-backend", checkDatabase);
  take<string>("connection", (name) => {
    throw new EngineError(
      "no-connection",
      `failed to resolve active destination: "${name}" service destination not found`,
      { hint: "remote services are not supported yet" },
    );
  });
  take<boolean>("noout", (silent) => {
    if (silent) redirectOutput("/dev/null");
  });
  take<string>("out", redirectOutput);
}

function useRegistriesConf(file: string): void {
  if (!fs.existsSync(file)) {
    throw new EngineError(
      "no-such-file",
      `configuring runtime: locating specified registries.conf: faccessat ${file}: no such file or directory`,
    );
  }
  process.env.CONTAINERS_REGISTRIES_CONF = file;
}

/** In Podman's words and with its exit code, which are not those of other errors. */
function logLevel(level: string): string {
  if ((logLevels as readonly string[]).includes(level.toLowerCase())) return level.toLowerCase();
  printError(`Log Level "${level}" is not supported, choose from: ${logLevels.join(", ")}`);
  throw new ExitWith(1);
}

function cgroupManager(name: string): GlobalOptions["cgroupManager"] {
  if (name === "cgroupfs" || name === "systemd" || name === "disabled") return name;
  throw new EngineError(
    "usage",
    "configuring runtime: cgroup manager must be one of cgroupfs and systemd: invalid argument",
  );
}

function eventsBackend(name: string): GlobalOptions["eventsBackend"] {
  if (name === "file" || name === "journald" || name === "none") return name;
  throw new EngineError(
    "usage",
    `configuring runtime: "${name}" is not a valid events backend: invalid argument`,
    { hint: "use file, journald or none" },
  );
}

/** Docker's name for a machine to talk to. */
function checkContext(name: string): void {
  if (name === "default") return;
  throw new EngineError(
    "usage",
    `Coracle does not support ${name}, the only --context value allowed is "default"`,
  );
}

/** There is none here; what Podman accepts is. */
function checkDatabase(name: string): void {
  if (["", "boltdb", "sqlite"].includes(name)) return;
  throw new EngineError("usage", `unsupported database backend: "${name}"`);
}

/** Everything written to stdout from here on, by us and by what we start. */
function redirectOutput(file: string): void {
  try {
    const fd = fs.openSync(file, "w", 0o644);
    // The lowest descriptor that is free: stdin is open, the launcher sees to that.
    fs.closeSync(1);
    fs.openSync(`/proc/self/fd/${fd}`, "w");
    fs.closeSync(fd);
  } catch (error) {
    throw new EngineError("write-failed", `open ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
