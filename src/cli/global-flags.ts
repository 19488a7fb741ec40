import { EngineError } from "../errors.ts";
import type { GlobalOptions } from "../host/context.ts";
import type { GivenFlag } from "./argv.ts";
import * as flag from "./flags.ts";
import { flagSyntax, parseFlags } from "./parse-flags.ts";

const logLevels = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"] as const;

/** Flags of coracle itself; they may stand before or after the command. */
export const globalFlags = {
  "cgroup-manager": flag.string({
    description: 'Cgroup manager to use ("cgroupfs"|"disabled")',
    choices: ["cgroupfs", "disabled"],
  }),
  "cdi-spec-dir": flag.unsupported("stringArray", { description: "Set the CDI spec directory path" }),
  conmon: flag.unsupported("string", { description: "Path of the conmon binary" }),
  connection: flag.unsupported("string", { char: "c", description: "Connection to use for remote service" }),
  "events-backend": flag.string({
    description: 'Events backend to use ("file"|"none")',
    default: "file",
    choices: ["file", "none"],
  }),
  "hooks-dir": flag.unsupported("strings", { description: "Set the OCI hooks directory path" }),
  identity: flag.unsupported("string", { description: "Path to SSH identity file" }),
  imagestore: flag.unsupported("string", { description: "Path to the image store" }),
  "log-level": flag.string({
    description: `Log messages above specified level (${logLevels.join(", ")})`,
    default: "warn",
    choices: logLevels,
  }),
  module: flag.unsupported("stringArray", { description: "Load the containers.conf(5) module" }),
  namespace: flag.unsupported("string", { hidden: true, description: "Set the libpod namespace" }),
  "network-cmd-path": flag.unsupported("string", {
    description: "Path to the command for configuring the network",
  }),
  "network-config-dir": flag.unsupported("string", { description: "Path of the directory for networks" }),
  out: flag.unsupported("string", { description: "Send output (stdout) from coracle to a file" }),
  remote: flag.unsupported("bool", { char: "r", description: "Access remote service" }),
  root: flag.string({ description: "Path to the directory in which images and containers are stored" }),
  runroot: flag.string({ description: "Path to the 'run directory' where all state information is stored" }),
  runtime: flag.string({ description: "Path to the OCI-compatible binary used to run containers" }),
  "runtime-flag": flag.unsupported("stringArray", {
    description: "Add global flags for the container runtime",
  }),
  ssh: flag.unsupported("string", { description: "Define the ssh mode" }),
  "storage-driver": flag.string({
    description: "Select which storage driver is used to manage storage of images and containers",
    choices: ["overlay", "vfs"],
  }),
  "storage-opt": flag.unsupported("stringArray", {
    description: "Used to pass an option to the storage driver",
  }),
  syslog: flag.unsupported("bool", {
    description: "Output logging information to syslog as well as the console",
  }),
  tmpdir: flag.unsupported("string", { description: "Path to the directory for temporary engine state" }),
  "transient-store": flag.unsupported("bool", { description: "Enable transient container storage" }),
  url: flag.unsupported("string", { description: "URL to access the service" }),
  volumepath: flag.unsupported("string", {
    description: "Path to the directory in which volume data is stored",
  }),
};

export const globalSyntax = flagSyntax(globalFlags);

/** Reads the global ones among the flags found into `options`. */
export async function readGlobalFlags(found: readonly GivenFlag[], options: GlobalOptions): Promise<void> {
  if (found.length === 0) return;
  const { flags, given } = await parseFlags<Record<string, string | undefined>>(found, globalFlags);
  if (given.has("root")) options.root = flags.root;
  if (given.has("runroot")) options.runroot = flags.runroot;
  if (given.has("runtime")) options.runtime = flags.runtime;
  if (given.has("storage-driver")) options.storageDriver = flags["storage-driver"];
  if (given.has("cgroup-manager")) options.cgroupManager = cgroupManager(flags["cgroup-manager"] ?? "");
  if (given.has("events-backend")) options.eventsBackend = eventsBackend(flags["events-backend"] ?? "");
  if (!given.has("log-level")) return;
  const level = flags["log-level"] ?? "";
  if (!(logLevels as readonly string[]).includes(level.toLowerCase())) {
    throw new EngineError(
      "usage",
      `log level "${level}" is not supported, choose from: ${logLevels.join(", ")}`,
    );
  }
  options.logLevel = level.toLowerCase();
}

function cgroupManager(name: string): GlobalOptions["cgroupManager"] {
  if (name === "cgroupfs" || name === "disabled") return name;
  if (name === "systemd") throw flag.notSupportedYet("--cgroup-manager=systemd");
  throw new EngineError("usage", `unknown cgroup manager "${name}"`, { hint: "use cgroupfs or disabled" });
}

function eventsBackend(name: string): GlobalOptions["eventsBackend"] {
  if (name === "file" || name === "none") return name;
  if (name === "journald") throw flag.notSupportedYet("--events-backend=journald");
  throw new EngineError(
    "usage",
    `configuring runtime: "${name}" is not a valid events backend: invalid argument`,
    { hint: "use file or none" },
  );
}
