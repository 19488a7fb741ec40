import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, reasonOf, remedyOf } from "../errors.ts";
import { parsePasswd } from "../oci/passwd.ts";
import { type Configuration, noConfiguration } from "./config/configuration.ts";
import { storeIn } from "./podman-store.ts";
import { parseStorageOptions, type StorageOptions } from "./storage-options.ts";

/** How the launcher has placed this process; see native/PROTOCOL.md §1. */
export type NamespaceKind = "none" | "shared" | "single" | "root" | "inside";

/** The global flags that concern the engine. */
export interface GlobalOptions {
  root?: string | undefined;
  runroot?: string | undefined;
  storageDriver?: string | undefined;
  runtime?: string | undefined;
  cgroupManager?: "cgroupfs" | "systemd" | "disabled" | undefined;
  logLevel?: string | undefined;
  eventsBackend?: "file" | "journald" | "none" | undefined;
  /** KEY=VALUE for the storage driver. */
  storageOptions?: string[];
  /** Flags for another OCI runtime, without their dashes. */
  runtimeFlags?: string[];
  volumePath?: string | undefined;
  /** Of slirp4netns. */
  networkCommand?: string | undefined;
  /** Where the records of networks are. */
  networkDirectory?: string | undefined;
  hooksDirectories?: string[];
  cdiSpecDirectories?: string[];
  /** In place of the mounts.conf files. */
  defaultMountsFile?: string | undefined;
  /** Absent: as the configuration has it. */
  remote?: boolean;
  /** Files of containers.conf.modules to read. */
  modules?: string[];
  /** What the configuration files say, once they have been read. */
  configuration?: Configuration | undefined;
}

/** Everything an operation knows of the machine and the caller. Made once per invocation, passed first everywhere. */
export interface Context {
  /** Persistent state (ARCHITECTURE.md, "State"). */
  graphRoot: string;
  /** State that may vanish at any time: sockets, runtime state. */
  runRoot: string;
  /** Directory of coracle, coracle-runtime, coracle-monitor, coracle-layer. */
  binDir: string;
  /** Directory of the engine and what it ships (hello.oci.tar). */
  libDir: string;
  namespace: NamespaceKind;
  /** The caller's ids on the host. */
  uid: number;
  gid: number;
  home: string;
  /** File on which long-lived processes of ours hold a shared flock, or null where there is no holder. */
  aliveFile: string | null;
  options: GlobalOptions;
  /** What the configuration files say; flags come before it. */
  config: Configuration;
  storage: StorageOptions;
  /** Directory of the volumes. */
  volumeRoot: string;
}

/** Builds the context from the launcher's environment (process.env) and the global flags. */
export function createContext(options: GlobalOptions = {}): Context {
  const env = process.env;
  const namespace = env.CORACLE_NS as NamespaceKind | undefined;
  const run = env.CORACLE_RUN;
  const bin = env.CORACLE_BIN;
  if (!namespace || !run || !bin) {
    throw new EngineError("no-launcher", "the engine was started without its launcher", {
      hint: "run bin/coracle, which sets up the namespaces and then starts the engine",
    });
  }
  const uid = Number(env.CORACLE_UID);
  const home = env.HOME || passwdHome(uid);
  const dataHome = env.XDG_DATA_HOME || path.join(home, ".local/share");
  const config = options.configuration ?? noConfiguration;
  checkLocks(config);
  const graphRoot = path.resolve(
    options.root ??
      configuredRoot(config.storage?.graphRoot) ??
      (namespace === "root" ? "/var/lib/coracle" : path.join(dataHome, "coracle")),
  );
  checkDriver(options.storageDriver ?? (env.STORAGE_DRIVER || config.storage?.driver), graphRoot);
  return {
    graphRoot,
    runRoot: path.resolve(options.runroot ?? config.storage?.runRoot ?? run),
    binDir: bin,
    libDir: path.join(path.dirname(bin), "dist"),
    namespace,
    uid,
    gid: Number(env.CORACLE_GID),
    home,
    aliveFile: env.CORACLE_ALIVE_FD ? path.join(run, "alive") : null,
    options,
    config,
    storage: parseStorageOptions(storageOptions(options, config)),
    volumeRoot: path.resolve(
      options.volumePath ?? config.engine.volume_path ?? path.join(graphRoot, "volumes"),
    ),
  };
}

const DRIVERS = ["overlay", "overlay2", "fuse-overlayfs", "vfs"];

function checkDriver(name: string | undefined, graphRoot: string): void {
  if (name === undefined || name === "" || DRIVERS.includes(name)) return;
  throw new EngineError(
    "bad-storage-driver",
    `configure storage: failed to GetDriver graph ${name} ${graphRoot}: driver not supported`,
    { hint: `choose one of ${DRIVERS.join(", ")}` },
  );
}

/** Ours are files, whatever is asked for. */
function checkLocks({ engine }: Configuration): void {
  const { lock_type: type = "" } = engine;
  if (["", "shm", "file"].includes(type)) return;
  throw new EngineError("bad-config", `unknown lock type ${type}: invalid argument`, {
    hint: "lock_type of containers.conf is shm or file",
  });
}

/** Where storage.conf puts a store. Podman's may be there already, by the same file: ours goes beside what it keeps. */
function configuredRoot(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : storeIn(directory);
}

/** Those of the command line take the place of those of the environment, and these that of storage.conf's. */
function storageOptions({ storageOptions: given = [] }: GlobalOptions, { storage }: Configuration): string[] {
  if (given.length > 0) return given;
  const { STORAGE_OPTS } = process.env;
  return STORAGE_OPTS ? STORAGE_OPTS.split(",") : (storage?.options ?? []);
}

/** Without HOME. Not os.homedir(): in the user namespace we are root, and it would tell root's. */
function passwdHome(uid: number): string {
  const home = parsePasswd(fs.readFileSync("/etc/passwd", "utf8")).find((entry) => entry.uid === uid)?.home;
  if (home) return home;
  throw new EngineError("no-home", `HOME is not set, and /etc/passwd has no user ${uid}`, {
    hint: "set HOME to the user's home directory",
  });
}

/** Whether we act as real root on the host (no user namespace of ours). */
export function isRealRoot(ctx: Context): boolean {
  return ctx.namespace === "root" || (ctx.namespace === "none" && ctx.uid === 0);
}

export function ensureDirectory(directory: string, mode = 0o700): void {
  try {
    fs.mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    throw new EngineError("no-directory", `cannot make ${directory}: ${reasonOf(error)}`, {
      hint: remedyOf(error),
      cause: error,
    });
  }
}
