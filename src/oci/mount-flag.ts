import type { MountRequest } from "./container.ts";
import { parseDestination } from "./container-path.ts";
import { csvRecords } from "./csv.ts";
import { invalid, notSupported } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import { bindOptions, isPropagation, ramfsOptions, tmpfsOptions } from "./mount-options.ts";
import { checkVolumeName } from "./names.ts";

type Resolve = (path: string) => string;
/** Paths of the host that a pattern stands for. */
export type Glob = (pattern: string) => string[];

interface Fields {
  source: string;
  destination: string;
  options: string[];
  subpath?: string | undefined;
  volumeOptions?: Record<string, string>;
}

const FORMAT =
  "incorrect mount format: should be --mount type=<bind|glob|tmpfs|volume>,[src=<host-dir|volume-name>,]target=<ctr-dir>[,options]";

/** Value of `--mount`: `type=bind,src=…,dst=…,ro`; without a type it is a volume. */
export function parseMountFlag(text: string, resolve: Resolve, glob: Glob): MountRequest[] {
  const tokens = splitCommas(text);
  const typed = tokens.findIndex((token) => /^type=[^=]*$/.test(token));
  const type = tokens[typed]?.slice("type=".length) ?? "volume";
  const rest = tokens.filter((_, i) => i !== typed);
  switch (type) {
    case "bind":
    case "volume":
    case "tmpfs":
    case "ramfs":
      return [request(type, parseFields(type, rest), resolve)];
    case "devpts":
      return [devpts(rest)];
    case "glob":
      return globbed(parseFields(type, rest), resolve, glob);
    case "image":
      return [imageMount(rest)];
    case "artifact":
      return [artifactMount(rest)];
    default:
      throw invalid(`invalid filesystem type "${type}"`);
  }
}

function splitCommas(text: string): string[] {
  let records: string[][];
  try {
    records = [...csvRecords(text)];
  } catch (error) {
    throw invalid((error as Error).message);
  }
  const [record, ...others] = records;
  if (!record || others.length > 0) throw invalid(FORMAT);
  return record;
}

/** A bind mount of every match: under its own name in the destination, or without one where it lies on the host. */
function globbed({ source, destination, options }: Fields, resolve: Resolve, glob: Glob): MountRequest[] {
  const found = source === "" ? [] : glob(resolve(source));
  if (found.length === 0) throw invalid(`no file paths matching glob ${JSON.stringify(source)}`);
  return found.map((file) => ({
    type: "bind",
    source: file,
    destination: destination === "" ? file : `${destination}/${file.replace(/.*\//s, "")}`,
    ...bindOptions(options, "bind"),
  }));
}

/** `src=IMAGE,dst=…[,rw=true]`: read-only unless said; what is written goes with the container. */
function imageMount(tokens: string[]): MountRequest {
  let source = "";
  let destination = "";
  let writable = false;
  let subpath: string | undefined;
  for (const token of tokens) {
    const [name, value] = keyAndValue(token);
    if (SOURCES.includes(name)) source = needed(name, value);
    else if (DESTINATIONS.includes(name)) destination = parseDestination(needed(name, value));
    else if (["rw", "readwrite"].includes(name)) writable = isWritable(value);
    else if (["ro", "readonly"].includes(name)) writable = !isTrue(name, value);
    else if (name === "subpath") subpath = absolute(needed(name, value));
    else if (name === "idmap") throw notSupported("--mount type=image with the option idmap");
    else if (name !== "consistency") throw invalid(`${name}: invalid mount option`);
  }
  if (source === "" || destination === "") {
    throw invalid("must set source and destination for image volume");
  }
  return {
    type: "image",
    source,
    destination,
    options: [writable ? "rw" : "ro", "rprivate", "rbind"],
    overlay: "temporary",
    ...(subpath !== undefined ? { subpath } : {}),
  };
}

/** `src=ARTIFACT,dst=…[,title=…|digest=…][,name=…]`: its files, read-only. */
function artifactMount(tokens: string[]): MountRequest {
  let source = "";
  let destination = "";
  const artifact: NonNullable<MountRequest["artifact"]> = {};
  for (const token of tokens) {
    const [name, value] = keyAndValue(token);
    if (SOURCES.includes(name)) source = needed(name, value);
    else if (DESTINATIONS.includes(name)) destination = parseDestination(needed(name, value));
    else if (name === "title" || name === "digest" || name === "name") artifact[name] = needed(name, value);
    else throw invalid(`${name}: invalid mount option`);
  }
  if (source === "" || destination === "") {
    throw invalid("must set source and destination for artifact volume");
  }
  if (artifact.digest !== undefined && artifact.title !== undefined) {
    throw invalid("cannot specify both digest and title");
  }
  if (artifact.name?.includes("/")) throw invalid(`${artifact.name}: name of a file must not contain /`);
  return { type: "artifact", source, destination, options: ["ro", "bind", "rprivate"], artifact };
}

function absolute(subpath: string): string {
  if (!subpath.startsWith("/")) throw invalid(`volume subpath "${subpath}" must be an absolute path`);
  return subpath;
}

function isWritable(value = ""): boolean {
  if (value === "true" || value === "false") return value === "true";
  throw invalid(`invalid rw value ${JSON.stringify(value)}: invalid mount option`);
}

function request(
  type: "bind" | "volume" | "tmpfs" | "ramfs",
  fields: Fields,
  resolve: Resolve,
): MountRequest {
  const { destination, source } = fields;
  if (type === "ramfs") return { type, source: "ramfs", destination, ...ramfsOptions(fields.options) };
  if (type === "tmpfs") return { type, source: "tmpfs", destination, ...tmpfsOptions(fields.options) };
  if (type === "bind") {
    return {
      type,
      source: resolve(source || destination),
      destination,
      ...bindOptions(fields.options, type),
    };
  }
  if (source !== "") checkVolumeName(source, `creating named volume "${source}": `);
  return {
    type,
    source,
    destination,
    ...bindOptions(fields.options, type),
    ...(source === "" ? { anonymous: true } : {}),
    ...(fields.subpath !== undefined ? { subpath: fields.subpath } : {}),
    ...(fields.volumeOptions ? { volumeOptions: fields.volumeOptions } : {}),
  };
}

const ONCE: [names: string[], message: string][] = [
  [["readonly", "ro", "rw"], "cannot pass 'readonly', 'ro', or 'rw' mnt.Options more than once"],
  [["nodev", "dev"], "cannot pass 'nodev' and 'dev' mnt.Options more than once"],
  [["noexec", "exec"], "cannot pass 'noexec' and 'exec' mnt.Options more than once"],
  [["nosuid", "suid"], "cannot pass 'nosuid' and 'suid' mnt.Options more than once"],
  [["tmpcopyup", "notmpcopyup"], "cannot pass 'tmpcopyup' and 'notmpcopyup' mnt.Options more than once"],
  [["U", "chown"], "cannot pass 'U' or 'chown' option more than once"],
  [["relabel"], "cannot pass 'relabel' option more than once"],
  [["src", "source"], 'cannot pass "source" option more than once'],
  [["target", "dst", "dest", "destination"], 'cannot pass "destination" option more than once'],
];

const NEEDS_VALUE = "must provide an argument for option";
const SOURCES = ["src", "source"];
const DESTINATIONS = ["target", "dst", "dest", "destination"];

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw invalid(`${name}: ${NEEDS_VALUE}`);
  return value;
}

function parseFields(type: "bind" | "glob" | "volume" | "tmpfs" | "ramfs", tokens: string[]): Fields {
  const fields: Fields = { source: "", destination: "", options: [] };
  const seen = new Set<string[]>();
  for (const token of tokens) {
    const [name, value] = keyAndValue(token);
    for (const [names, message] of ONCE) {
      if (!names.includes(name)) continue;
      if (seen.has(names)) throw invalid(`${message}: ${NEEDS_VALUE}`);
      seen.add(names);
    }
    applyField(fields, type, name, value);
  }
  if (fields.destination === "" && type !== "glob") throw invalid("must set volume destination");
  return fields;
}

/** Where a volume or image is shown only in part. */
const SUBPATHS = ["subpath", "volume-subpath"];

/** The one type that an option belongs to. */
const ONLY_FOR = new Map([
  ["bind-nonrecursive", "bind"],
  ["bind-propagation", "bind"],
  ["tmpcopyup", "tmpfs"],
  ["notmpcopyup", "tmpfs"],
  ["tmpfs-mode", "tmpfs"],
  ["tmpfs-size", "tmpfs"],
  ["noswap", "tmpfs"],
  ["noatime", "tmpfs"],
  ["volume-label", "volume"],
  ["volume-opt", "volume"],
  ["volume-nocopy", "volume"],
  ["nocreate", "volume"],
]);

function applyField(fields: Fields, type: string, name: string, value: string | undefined): void {
  if ((ONLY_FOR.get(name) ?? type) !== type) {
    throw invalid(`"${name}" option not supported for "${type}" mount types`);
  }
  if (SUBPATHS.includes(name) && type !== "volume") {
    throw invalid(`cannot set option "${name}" on non-volume mounts`);
  }
  const argument = () => needed(name, value);
  switch (name) {
    case "src":
    case "source":
      if (type === "tmpfs") throw invalid(`"${name}" option not supported for "${type}" mount types`);
      fields.source = argument();
      if (fields.source === "") throw invalid(`host directory cannot be empty: ${NEEDS_VALUE}`);
      break;
    case "target":
    case "dst":
    case "dest":
    case "destination":
      fields.destination = parseDestination(argument());
      break;
    case "subpath":
    case "volume-subpath":
      fields.subpath = argument() || undefined;
      break;
    case "volume-label":
      throw invalid(`the --volume-label option is not presently implemented`);
    case "volume-opt":
      addVolumeOption(fields, argument());
      break;
    case "consistency":
      break;
    default:
      fields.options.push(...mountOptions(name, value, argument));
  }
}

function addVolumeOption(fields: Fields, text: string): void {
  const [name, value] = keyAndValue(text);
  if (value === undefined) throw invalid("cannot parse driver opts: invalid mount option");
  fields.volumeOptions = { ...fields.volumeOptions, [name]: value };
}

/** A field as mount options. */
function mountOptions(name: string, value: string | undefined, argument: () => string): string[] {
  switch (name) {
    case "readonly":
    case "ro":
    case "rw":
      return readWrite(name, value);
    case "bind-nonrecursive":
      return isTrue(name, value) ? ["bind"] : [];
    case "bind-propagation":
      if (!isPropagation(argument())) throw invalid(`invalid value "${name}=${argument()}"`);
      return [argument()];
    case "tmpfs-mode":
      return [`mode=${argument()}`];
    case "tmpfs-size":
      return [`size=${argument()}`];
    case "relabel":
      if (value !== "private" && value !== "shared") {
        throw invalid("relabel mount option must be 'private' or 'shared': invalid mount option");
      }
      return [value === "private" ? "Z" : "z"];
    case "U":
    case "chown":
      return isTrue(name, value) ? ["U"] : [];
    case "volume-nocopy":
      return isTrue(name, value) ? ["nocopy"] : [];
    case "nocreate":
      return isTrue(name, value) ? [name] : [];
    case "idmap":
      return [value === undefined ? name : `${name}=${value}`];
    default:
      if (FLAGS.includes(name) || isPropagation(name)) {
        // `=false` would not be the opposite.
        if (value === undefined || /^(1|true)$/i.test(value)) return [name];
      }
      throw invalid(`${name}: invalid mount option`);
  }
}

const FLAGS = [
  "nodev",
  "dev",
  "noexec",
  "exec",
  "nosuid",
  "suid",
  "noswap",
  "noatime",
  "tmpcopyup",
  "notmpcopyup",
  "no-dereference",
  "z",
  "Z",
];

function readWrite(name: string, value: string | undefined): string[] {
  const option = name === "rw" ? "rw" : "ro";
  if (isTrue(name, value)) return [option];
  return option === "rw" ? ["ro"] : [];
}

function isTrue(name: string, value: string | undefined): boolean {
  if (value === undefined || /^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  if (name === "U" || name === "chown") {
    throw invalid(`'U' or 'chown' must be set to true or false, instead received "${value}": ${NEEDS_VALUE}`);
  }
  const names = ["ro", "rw", "readonly"].includes(name) ? "'readonly', 'ro', or 'rw'" : `'${name}'`;
  throw invalid(`${names} must be set to true or false, instead received "${value}": ${NEEDS_VALUE}`);
}

const DEVPTS = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
const DEVPTS_OPTIONS = ["uid", "gid", "mode", "ptmxmode", "newinstance", "max"];

function devpts(tokens: string[]): MountRequest {
  let destination = "";
  const options: string[] = [];
  for (const token of tokens) {
    const [name, value] = keyAndValue(token);
    if (DESTINATIONS.includes(name)) {
      destination = parseDestination(needed(name, value));
    } else if (DEVPTS_OPTIONS.includes(name)) {
      options.push(token);
    } else {
      throw invalid(`${name}: invalid mount option`);
    }
  }
  if (destination === "") throw invalid("must set volume destination");
  // As crun has it where a mount has no options at all.
  return { type: "devpts", source: "devpts", destination, options: options.length > 0 ? options : DEVPTS };
}
