import type { MountRequest } from "./container.ts";
import { checkIdmap } from "./idmap-option.ts";
import { invalid } from "./invalid.ts";

/** What the options of a mount come to. */
export interface MountOptions
  extends Pick<MountRequest, "chown" | "noCopy" | "noCreate" | "overlay" | "relabel" | "idmap"> {
  /** As the runtime spec has them, with the defaults of the mount's type. */
  options: string[];
}

const PROPAGATION = [
  "private",
  "rprivate",
  "shared",
  "rshared",
  "slave",
  "rslave",
  "unbindable",
  "runbindable",
];

/** Options of which only one may be given, and how an error names them. */
const GROUPS: [names: string[], title: string][] = [
  [["ro", "rw"], "'rw' or 'ro'"],
  [["exec", "noexec"], "'noexec' or 'exec'"],
  [["dev", "nodev"], "'nodev' or 'dev'"],
  [["suid", "nosuid"], "'nosuid' or 'suid'"],
  [["copy", "nocopy"], "'copy' or 'nocopy'"],
  [["nocreate"], "'nocreate'"],
  [["z", "Z", "O"], "'z', 'Z', or 'O'"],
  [["U"], "'U'"],
  [["bind", "rbind"], "'[r]bind'"],
  [["no-dereference"], "'no-dereference'"],
  [PROPAGATION, "'[r]shared', '[r]private', '[r]slave' or '[r]unbindable'"],
];

export function isPropagation(option: string): boolean {
  return PROPAGATION.includes(option);
}

/** Checks the options of a bind mount or volume, takes our own out and adds the defaults. */
export function bindOptions(given: readonly string[], type: "bind" | "volume"): MountOptions {
  // `cached` and `delegated` are Docker's for macOS, always allowed and without a meaning here.
  const wanted = given.filter((option) => !["cached", "delegated"].includes(option));
  const overlay = overlayOf(wanted);
  if (overlay && type === "bind" && wanted.some((option) => !besideOverlay(option))) {
    throw invalid("can't use 'O' with other options");
  }
  const options = overlay ? wanted.filter((option) => !OVERLAY_DIRECTORY.test(option)) : wanted;
  for (const option of options) checkSupported(option, type);
  for (const [names, title] of GROUPS) {
    if (options.filter((option) => names.includes(option)).length > 1) {
      throw invalid(`invalid options "${given.join(", ")}", can only specify 1 ${title} option`);
    }
  }
  const taken = ["U", "copy", "nocopy", "nocreate", "z", "Z", "O"];
  const result: MountOptions = {
    options: options.flatMap((option) => {
      if (taken.includes(option) || IDMAP.test(option)) return [];
      // As the runtimes call it.
      return option === "no-dereference" ? "copy-symlink" : option;
    }),
  };
  if (options.includes("U")) result.chown = true;
  if (options.includes("nocopy")) result.noCopy = true;
  if (options.includes("nocreate")) result.noCreate = true;
  if (overlay) result.overlay = overlay;
  const idmap = options.find((option) => IDMAP.test(option));
  if (idmap !== undefined) result.idmap = idmap.replace(/^idmap=?/, "");
  const relabel = (["z", "Z"] as const).find((option) => options.includes(option));
  if (relabel) result.relabel = relabel;

  const recursive = !options.includes("bind");
  if (!options.some(isPropagation)) result.options.push(recursive ? "rprivate" : "private");
  if (type === "volume") result.options.push(...missing(options, ["nosuid", "nodev"]));
  if (recursive && !options.includes("rbind")) result.options.push("rbind");
  return result;
}

const IDMAP = /^idmap(=|$)/;

const OVERLAY_DIRECTORY = /^(upperdir|workdir)=(.*)$/;

function besideOverlay(option: string): boolean {
  return ["O", "U"].includes(option) || OVERLAY_DIRECTORY.test(option);
}

/** What `O`, with `upperdir=` and `workdir=` or without, comes to. */
function overlayOf(options: readonly string[]): MountRequest["overlay"] {
  if (!options.includes("O")) return undefined;
  const directory = (name: string) =>
    options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const upper = directory("upperdir");
  const work = directory("workdir");
  if (upper === undefined && work === undefined) return "temporary";
  if (upper === undefined || work === undefined) throw invalid("must set both `upperdir` and `workdir`");
  if (!upper.startsWith("/") || !work.startsWith("/")) {
    throw invalid("the overlay volume options upperdir and workdir must be given as absolute paths");
  }
  return { upper, work };
}

function checkSupported(option: string, type: "bind" | "volume"): void {
  if (IDMAP.test(option)) {
    checkIdmap(option);
    return;
  }
  const isVolumes = option === "nocreate";
  if (!GROUPS.some(([names]) => names.includes(option)) || (isVolumes && type !== "volume"))
    throw invalid(`invalid option type "${option}"`);
}

/** Those of `names` whose opposite (suid, dev) isn't asked for. */
function missing(options: readonly string[], names: string[]): string[] {
  return names.filter((name) => !options.includes(name) && !options.includes(name.replace(/^no/, "")));
}

const TMPFS_GROUPS: [names: string[], message: string][] = [
  [["ro", "rw"], "only one of 'rw' and 'ro' can be used"],
  [["exec", "noexec"], "only one of 'noexec' and 'exec' can be used"],
  [["dev", "nodev"], "only one of 'nodev' and 'dev' can be used"],
  [["suid", "nosuid"], "only one of 'nosuid' and 'suid' can be used"],
  [["size"], "only one tmpfs size can be specified"],
  [["mode"], "only one tmpfs mode can be specified"],
  [["tmpcopyup", "notmpcopyup"], "the 'tmpcopyup' or 'notmpcopyup' option can only be set once"],
  [["noatime"], "the 'noatime' option can only be set once"],
  [["noswap"], "the 'noswap' option can only be set once"],
  [["U"], "the 'U' option can only be set once"],
  [PROPAGATION, "only one root propagation mode can be used"],
];

/** The same for a ramfs, which has no limits. */
export function ramfsOptions(given: readonly string[]): MountOptions {
  const limit = given.find((option) => /^(size=|U$|noswap$)/.test(option));
  if (limit) throw invalid(`"${limit}" option not supported for "ramfs" mount types`);
  return tmpfsOptions([...given, "notmpcopyup"]);
}

/** The same for a tmpfs. */
export function tmpfsOptions(given: readonly string[]): MountOptions {
  const options = given.filter((option) => !option.startsWith("consistency="));
  const names = options.map((option) => option.replace(/=.*/s, ""));
  for (const [i, name] of names.entries()) checkTmpfsOption(name, options[i] ?? "");
  for (const [group, message] of TMPFS_GROUPS) {
    if (names.filter((name) => group.includes(name)).length > 1) {
      throw invalid(`${message}: duplicate mount option passed`);
    }
  }
  const result: MountOptions = {
    options: options.filter((option) => !["U", "notmpcopyup"].includes(option)),
  };
  if (names.includes("U")) result.chown = true;
  if (!options.some(isPropagation)) result.options.push("rprivate");
  result.options.push(...missing(options, ["nosuid", "nodev"]));
  if (!names.includes("tmpcopyup") && !names.includes("notmpcopyup")) result.options.push("tmpcopyup");
  return result;
}

function checkTmpfsOption(name: string, option: string): void {
  if (["bind", "rbind"].includes(name)) {
    throw invalid("the 'bind' and 'rbind' options are not allowed with tmpfs mounts: invalid mount option");
  }
  if (["z", "Z"].includes(name)) {
    throw invalid("the 'z' and 'Z' options are not allowed with tmpfs mounts: invalid mount option");
  }
  const valued = name === "size" || name === "mode";
  if (!TMPFS_GROUPS.some(([group]) => group.includes(name)) || valued !== option.includes("=")) {
    throw invalid(`unknown mount option "${option}": invalid mount option`);
  }
}
