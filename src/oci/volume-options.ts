import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import { parseDecimalBytes } from "./units.ts";

/** What `volume create --opt` asks of the local driver. */
export interface VolumeOptions {
  /** As Podman records and shows them: the owner out of `o` has keys of its own, too. */
  options: Record<string, string>;
  /** Owner of the volume's root, where one was asked for. */
  uid: number | null;
  gid: number | null;
  /** Never filled from an image. */
  noCopy: boolean;
}

/** A file system that is mounted for a volume while it is in use, in mount(8)'s terms. */
export interface VolumeMount {
  type: "bind" | "filesystem";
  /** `-t`; "" for a bind. */
  filesystem: string;
  device: string;
  options: string[];
}

const KEYS = ["device", "o", "type", "uid", "gid", "size", "inodes", "noquota", "copy", "nocopy"];

export function parseVolumeOptions(given: Record<string, string>): VolumeOptions {
  const result: VolumeOptions = { options: {}, uid: null, gid: null, noCopy: false };
  for (const [key, value] of Object.entries(given)) {
    if (!KEYS.includes(key.toLowerCase())) {
      throw invalid(`invalid mount option ${key} for driver 'local': invalid argument`);
    }
    if (key === "o") readMountOptions(value, result);
    else result.options[key] = value;
    if (key === "nocopy") result.noCopy = true;
  }
  checkQuota(result.options);
  return result;
}

/** Those in `o` that are the engine's own business stand beside it as well, in capitals. */
function readMountOptions(text: string, result: VolumeOptions): void {
  const kept: string[] = [];
  for (const option of text.split(",")) {
    const [name, value] = keyAndValue(option);
    switch (name.toLowerCase()) {
      case "size":
        decimalSize(value ?? "");
        result.options["SIZE"] = value ?? "";
        break;
      case "inodes":
        if (!/^\d+$/.test(value ?? ""))
          throw numberError(`cannot convert inodes ${value}`, "ParseUint", value);
        result.options["INODES"] = value ?? "";
        break;
      case "uid":
        result.uid = ownerId("UID", value);
        result.options["UID"] = value ?? "";
        break;
      case "gid":
        result.gid = ownerId("GID", value);
        result.options["GID"] = value ?? "";
        break;
      case "noquota":
        result.options["NOQUOTA"] = "true";
        continue;
      case "nocopy":
        result.noCopy = true;
        break;
      case "timeout":
        throw invalid(
          "running volume create option: Volume driver timeout can only be used with non-local volume drivers: invalid argument",
        );
    }
    kept.push(option);
  }
  if (kept.length > 0) result.options["o"] = kept.join(",");
}

function ownerId(key: "UID" | "GID", value: string | undefined): number {
  if (value === undefined) {
    throw invalid(`${key.toLowerCase()} option must provide a ${key}: invalid argument`);
  }
  if (!/^\d{1,10}$/.test(value)) throw numberError(`cannot convert ${key} ${value}`, "Atoi", value);
  return Number(value);
}

function numberError(what: string, parser: string, value = "") {
  return invalid(`${what} to integer: strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function decimalSize(text: string): void {
  try {
    parseDecimalBytes(text);
  } catch (error) {
    throw invalid(`cannot convert size ${text} to integer: ${(error as Error).message}`);
  }
}

/** Sizes are for a tmpfs, and for file systems with project quotas, which an ordinary user can't set. */
function checkQuota({ type, SIZE, INODES, NOQUOTA }: Record<string, string>): void {
  if (SIZE === undefined && INODES === undefined) return;
  if (NOQUOTA !== undefined) {
    throw invalid("volume options size and inodes cannot be used without quota");
  }
  if (type === "tmpfs") {
    if (INODES === undefined) return;
    throw invalid("volume option inodes not supported on tmpfs filesystem");
  }
  throw invalid(
    "volume options size and inodes not supported. Filesystem does not support Project Quota",
    "a volume of `type=tmpfs` can have a size",
  );
}

/**
 * What has to be mounted for a volume with these options (as recorded); null for a plain directory. A bind without a
 * device is of the volume's own directory.
 */
export function volumeMount(options: Record<string, string>): VolumeMount | null {
  const { type = "", device = "" } = options;
  const bind = type === "" || type === "none" || type === "bind";
  // Owner and size are for the kernel to see to in a tmpfs only.
  const ours = bind ? /^$|^(no)?copy$|^r?bind$|^(uid|gid|size|inodes)=/i : /^$|^(no)?copy$/i;
  const given = (options["o"] ?? "").split(",");
  const mountOptions = given.filter((option) => !ours.test(option));
  if (!bind) return { type: "filesystem", filesystem: type, device: device || type, options: mountOptions };
  if (type === "" && device === "" && mountOptions.length === 0) return null;
  return {
    type: "bind",
    filesystem: "",
    device,
    options: [given.includes("rbind") ? "rbind" : "bind", ...mountOptions],
  };
}
