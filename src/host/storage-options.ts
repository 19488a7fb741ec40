import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { keyAndValue } from "../oci/key-value.ts";
import { storeIn } from "./podman-store.ts";

/** What --storage-opt, STORAGE_OPTS and storage.conf ask of the overlay drivers. */
export interface StorageOptions {
  /** Mounts in place of the kernel: fuse-overlayfs. */
  mountProgram?: string;
  /** Files of images keep our ids where theirs aren't mapped. */
  ignoreChownErrors?: boolean;
  /** Additional image stores: graphroots of ours that are only read. */
  imageStores: string[];
  /** The other options, as they were given. */
  others?: Record<string, string>;
}

/** Mount options that make no difference here: devices don't work in a user namespace, and the others only save time. */
const harmless = /^(nodev|metacopy=(on|off)|redirect_dir=(on|off)|index=(on|off)|volatile|userxattr|)$/;

const SHOWN_APART = ["mount_program", "additionalimagestore", "additionalimagestores", "imagestore"];

/** `KEY=VALUE`, as Podman takes them; KEY may have the driver's name in front. */
export function parseStorageOptions(options: readonly string[]): StorageOptions {
  const parsed: StorageOptions = { imageStores: [] };
  for (const option of options) {
    const [before, after] = keyAndValue(option);
    if (after === undefined)
      throw new EngineError("usage", `unable to parse key/value option: ${option}`, {
        hint: "use KEY=VALUE",
      });
    const key = before.trim();
    const value = after.trim();
    const name = key.replace(/^(overlay2?|vfs|storage)?\./, "").toLowerCase();
    if (!SHOWN_APART.includes(name)) parsed.others = { ...parsed.others, [key]: value };
    switch (name) {
      case "mount_program":
        if (value) parsed.mountProgram = program(value);
        break;
      case "mountopt": {
        const odd = value.split(",").find((one) => !harmless.test(one.trim()));
        if (odd !== undefined) throw notSupported(`mount option ${odd}`);
        break;
      }
      case "ignore_chown_errors":
        parsed.ignoreChownErrors = boolean(value);
        break;
      case "additionalimagestore":
      case "additionalimagestores":
      case "imagestore":
        parsed.imageStores.push(...value.split(",").filter(Boolean).map(imageStore));
        break;
      case "skip_mount_home":
        break; // nothing is mounted there
      case "size":
      case "inodes":
      case "force_mask":
        if (value && value !== "false") throw notSupported(`${key}=${value}`);
        break;
      default:
        throw new EngineError("usage", `overlay: unknown option ${key}`, {
          hint: "options are mount_program, mountopt, ignore_chown_errors",
        });
    }
  }
  return parsed;
}

/** A graphroot of Podman's has ours in its subdirectory, as elsewhere. */
function imageStore(directory: string): string {
  if (!path.isAbsolute(directory)) {
    throw new EngineError(
      "usage",
      `overlay: image path ${JSON.stringify(directory)} is not absolute.  Can not be relative`,
    );
  }
  const found = fs.statSync(directory, { throwIfNoEntry: false });
  if (!found) {
    throw new EngineError(
      "no-image-store",
      `overlay: can't stat imageStore dir ${directory}: stat ${directory}: no such file or directory`,
      { hint: "an additional image store is the graphroot of another store of Coracle's" },
    );
  }
  if (!found.isDirectory()) {
    throw new EngineError(
      "no-image-store",
      `overlay: image path ${JSON.stringify(directory)} must be a directory`,
    );
  }
  return storeIn(directory);
}

/** As Go's parser has it. */
function boolean(value: string): boolean {
  if (["1", "t", "true"].includes(value.toLowerCase())) return true;
  if (["0", "f", "false"].includes(value.toLowerCase())) return false;
  throw new EngineError("usage", `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`, {
    hint: "ignore_chown_errors is true or false",
  });
}

function program(file: string): string {
  if (fs.existsSync(file)) return file;
  throw new EngineError(
    "no-mount-program",
    `overlay: can't stat program "${file}": stat ${file}: no such file or directory`,
    { hint: "name an installed fuse-overlayfs" },
  );
}

function notSupported(what: string, hint?: string): EngineError {
  return new EngineError("not-supported", `storage option ${what} is not supported yet`, { hint });
}
