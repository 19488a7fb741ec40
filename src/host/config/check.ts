import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { isCdiName, parseDevice } from "../../oci/devices.ts";
import { parseImageVolumeMode } from "../../oci/mounts.ts";
import { parsePullPolicy } from "../../oci/pull-policy.ts";
import { parsePool } from "../../oci/subnet-pools.ts";
import { readUlimit } from "../../oci/ulimit.ts";
import { parseDecimalBytes } from "../../oci/units.ts";
import type { ContainersConf } from "./containers-conf-keys.ts";

/** What Podman refuses for every command, in its words and order; other values are looked at where they are used. */
export function checkContainersConf({ containers, engine, network }: ContainersConf): void {
  within("validating containers config: ", () => checkContainers(containers));
  within("validating engine configs: ", () => checkEngine(engine));
  within("validating network configs ", () => (network.default_subnet_pools ?? []).map(parsePool));
}

/** No log is shorter than what one read may bring. */
const LEAST_LOG_SIZE = 8192;

const INTERFACE_NAMES = ["", "device"];

function checkContainers(conf: ContainersConf["containers"]): void {
  for (const ulimit of conf.default_ulimits ?? []) {
    readUlimit(ulimit.toLowerCase(), (reason) => `unrecognized ulimit ${ulimit}: ${reason}`);
  }
  for (const device of conf.devices ?? []) checkDevice(device);
  const { interface_name = "", tz = "", umask = "0", log_path = "", shm_size = "1" } = conf;
  if (!INTERFACE_NAMES.includes(interface_name)) throw bad(`invalid interface_name option ${interface_name}`);
  checkTimezone(tz);
  if (!/^0*[0-7]{1,4}$/.test(umask)) throw bad(`not a valid umask ${umask}`);
  checkAbsolute("log_path", log_path);
  const { log_size_max = -1 } = conf;
  if (log_size_max >= 0 && log_size_max < LEAST_LOG_SIZE) {
    throw bad(`log size max should be negative or >= ${LEAST_LOG_SIZE}`);
  }
  within(`invalid --shm-size ${shm_size}, `, () => parseDecimalBytes(shm_size), true);
}

function checkDevice(device: string): void {
  if (isCdiName(device)) return;
  const [host = ""] = device.split(":");
  if (!host.startsWith("/dev/")) throw bad(`invalid device mode: ${host}`);
  parseDevice(device);
}

/** TZDIR is the C library's. */
function checkTimezone(name: string): void {
  if (name === "" || name === "local") return;
  const { TZDIR } = process.env;
  const directories = TZDIR ? [TZDIR] : ["/usr/share/zoneinfo", "/etc/zoneinfo"];
  if (directories.some((directory) => fs.existsSync(path.join(directory, name)))) return;
  throw bad(`find timezone ${name} in paths: ${directories.join(", ")}`);
}

/** Podman's own names of runtimes, which have no need to stand in the table. */
const RUNTIMES = "crun crun-vm crun-wasm krun runc runj runsc kata youki ocijail".split(" ");

const DATABASES = ["", "boltdb", "sqlite"];

function checkEngine(conf: ContainersConf["engine"]): void {
  checkAbsolute("static directory", conf.static_dir);
  checkAbsolute("temporary directory", conf.tmp_dir);
  checkAbsolute("volume path", conf.volume_path);
  parseImageVolumeMode(conf.image_volume_mode ?? "");
  const { pull_policy = "", database_backend = "" } = conf;
  within(`invalid pull type from containers.conf "${pull_policy}": `, () => parsePullPolicy(pull_policy));
  if (!DATABASES.includes(database_backend)) {
    throw bad(`unsupported database backend: "${database_backend}"`);
  }
  for (const name of Object.keys(conf.runtimes_flags ?? {})) {
    if (RUNTIMES.includes(name) || name in (conf.runtimes ?? {})) continue;
    throw bad(`invalid runtime "${name}" in [engine.runtimes_flags]: not defined in [engine.runtimes]`);
  }
}

function checkAbsolute(what: string, value = ""): void {
  if (value !== "" && !path.isAbsolute(value)) {
    throw bad(`${what} must be an absolute path - instead got "${value}"`);
  }
}

/** Without the hints of what is checked, which are those of flags. */
function within(prefix: string, check: () => unknown, quoted = false): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw bad(prefix + (quoted ? JSON.stringify(error.message) : error.message));
  }
}

function bad(what: string): EngineError {
  return new EngineError("bad-config", what, { hint: "correct it in containers.conf" });
}
