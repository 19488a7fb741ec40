import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { pipeLayerTool } from "../../host/layer-tool.ts";
import { isAlive } from "../../host/process.ts";
import { runNative } from "../../host/spawn.ts";
import { containerIdMappings, requestedUser } from "../../oci/generate-spec.ts";
import { resolveUser } from "../../oci/user.ts";
import { type ContainerRecord, findRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { fillVolumes } from "./copy-up.ts";
import { containerExists } from "./exists.ts";
import { hostFacts } from "./host-facts.ts";
import { mountedPath } from "./mounted-path.ts";
import { type Owner, parentOwner } from "./owner.ts";
import { readInRoot } from "./root-files.ts";
import { withRootfs } from "./rootfs.ts";

/** One side of `cp`: the host (`container` null), a path in a container, or `-` for a tar stream on our stdio. */
export interface CopyPlace {
  container: string | null;
  path: string;
}

/** Both sides as given, of which at least one has to be in a container. */
export function parsePlaces(ctx: Context, source: string, target: string): [CopyPlace, CopyPlace] {
  const places: [CopyPlace, CopyPlace] = [parsePlace(ctx, source), parsePlace(ctx, target)];
  if (places.some(({ path }) => path === "")) {
    throw new EngineError("usage", `invalid arguments "${source}", "${target}": you must specify paths`);
  }
  if (places.every(({ container }) => container === null)) {
    throw new EngineError("usage", "name or ID cannot be empty", {
      hint: "one of the two has to be in a container: CONTAINER:PATH",
    });
  }
  return places;
}

/**
 * `CONTAINER:PATH`, `PATH` or `-`. A host path with a colon is told by its slash: `./a:b`, or by there being no such
 * container.
 */
function parsePlace(ctx: Context, text: string): CopyPlace {
  if (text === "/dev/stdin") return { container: null, path: "-" };
  const colon = text.indexOf(":");
  if (colon <= 0 || text.startsWith("/") || text.startsWith(".")) return { container: null, path: text };
  const name = text.slice(0, colon);
  if (name.includes("/")) return { container: null, path: text };
  if (!containerExists(ctx, name)) {
    throw new EngineError("no-such-container", `container "${name}" does not exist`, {
      hint: "write a host path with a colon as ./PATH",
    });
  }
  return { container: name, path: text.slice(colon + 1) };
}

interface Look {
  exists: boolean;
  type: "file" | "directory" | "symlink" | "fifo" | "socket" | "device";
  /** Of a symlink. */
  target: string;
}

/** Copies files between the host and a container, or between two containers. */
export async function copyFiles(
  ctx: Context,
  source: CopyPlace,
  target: CopyPlace,
  options: { archive: boolean; overwrite: boolean },
): Promise<void> {
  if (target.container !== null) await fillUnused(ctx, target.container);
  await inRoot(ctx, source, (from) => inRoot(ctx, target, (to) => transfer(ctx, from, to, options)));
}

/** A volume that something is copied into is no longer empty: what the image has there must be in it before. */
async function fillUnused(ctx: Context, container: string): Promise<void> {
  const record = findRecord(ctx, container);
  if (!isActive(readStatus(ctx, record.id).state)) await fillVolumes(ctx, record);
}

/** What Podman copies nothing of. */
const SYSTEM = /^\/(dev|proc|sys)(\/|$)/;

/** A tar archive of nothing is what ends any. */
const EMPTY_ARCHIVE = Buffer.alloc(1024);

type Rooted = CopyPlace & {
  root: string;
  record: ContainerRecord | undefined;
  /** Of the container; without it only its root filesystem is mounted. */
  init: number | undefined;
};

function inRoot<T>(ctx: Context, place: CopyPlace, work: (place: Rooted) => Promise<T>): Promise<T> {
  if (place.container === null) return work({ ...place, root: "/", record: undefined, init: undefined });
  const record = findRecord(ctx, place.container);
  const status = readStatus(ctx, record.id);
  // It may have ended, and its monitor be about to say so.
  const init = isActive(status.state) && isAlive(status.last?.init) ? status.last?.init?.pid : undefined;
  return withRootfs(ctx, record, init, (root) => work({ ...place, root, record, init }));
}

/** As options of the native program: in the root filesystem, or in the volume that would be mounted there. */
function located(ctx: Context, { root, record, init }: Rooted, at: string): string[] {
  const mounted = record && init === undefined ? mountedPath(ctx, record, at) : undefined;
  if (!mounted) return ["--root", root, "--path", at];
  const { source, below } = mounted;
  if (fs.statSync(source).isDirectory()) return ["--root", source, "--path", below];
  return ["--root", path.dirname(source), "--path", path.basename(source)];
}

/** Whose the copies become: the caller's on the host, in a container its user's, or undefined for what they were. */
function newOwner(ctx: Context, { record, root }: Rooted, archive: boolean): Owner | undefined {
  if (!record) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (!archive) return undefined;
  const { config } = record;
  const host = hostFacts(ctx);
  const database = (name: string) => readInRoot(ctx, root, `/etc/${name}`);
  const user = resolveUser(requestedUser(config, host), database("passwd"), database("group"));
  return parentOwner(containerIdMappings(config, host), user);
}

async function transfer(
  ctx: Context,
  source: Rooted,
  target: Rooted,
  options: { archive: boolean; overwrite: boolean },
): Promise<void> {
  const owner = newOwner(ctx, target, options.archive);
  const extract = (at: string) => [
    "extract",
    ...located(ctx, target, at),
    ...(owner ? ["--uid", `${owner.uid}`, "--gid", `${owner.gid}`] : []),
    ...(options.overwrite ? [] : ["--no-overwrite-dir"]),
  ];
  if (source.container === null && source.path === "-") {
    const to = look(ctx, target);
    if (!to.exists || to.type !== "directory") throw notDirectory(target.path);
    const report = await pipeLayerTool(ctx, null, extract(absolute(target))).catch(explainStdin);
    const { entries } = JSON.parse(report.toString()) as { entries: number };
    if (entries === 0) throw noArchive("nothing came");
    return;
  }
  const from = look(ctx, source);
  if (!from.exists) throw notFound(source);
  const whole = absolute(source);
  if (source.container !== null && (from.type === "device" || isSystem(ctx, source, whole))) {
    if (from.type !== "directory") throw notCopied(source);
    if (target.container === null && target.path === "-") fs.writeSync(1, EMPTY_ARCHIVE);
    return;
  }
  const base = path.posix.basename(whole);
  const contents = /(^|\/)\.$/.test(source.path) || whole === "/";
  const archive = (name: string) => [
    "archive",
    ...located(ctx, source, whole),
    "--follow",
    ...(source.container !== null && whole === "/" ? ["--without-system"] : []),
    "--name",
    name,
  ];
  if (target.container === null && target.path === "-") {
    await pipeLayerTool(ctx, archive(contents && from.type === "directory" ? "" : base), null);
    return;
  }
  if (target.container === null) refuseDevice(target.path);
  const to = look(ctx, target);
  if (to.exists && to.type === "directory") {
    const name = contents && from.type === "directory" ? "." : base;
    await pipeLayerTool(ctx, archive(name), extract(absolute(target)));
    return;
  }
  if (to.exists && from.type === "directory") {
    throw new EngineError("not-a-directory", "destination must be a directory when copying a directory", {
      hint: `${target.path} is a file`,
    });
  }
  if (!to.exists && /\/\.?$/.test(target.path)) throw notFound(target);
  const at = target.container === null ? absolute(target) : throughLinks(ctx, target);
  if (!look(ctx, target, path.posix.dirname(at)).exists) throw notFound(target);
  await pipeLayerTool(ctx, archive(path.posix.basename(at)), extract(path.posix.dirname(at)));
}

function look(ctx: Context, place: Rooted, at = absolute(place), flags = ["--follow"]): Look {
  const output = runNative(ctx, "coracle-layer", ["stat", ...located(ctx, place, at), ...flags]);
  return JSON.parse(output.toString()) as Look;
}

/** As many as the kernel follows; a container may turn one into a circle while we look. */
const LINKS_MAX = 40;

/**
 * What is written to: a symlink in a container leads to its target, be that there or not (on the host it is replaced, as by
 * Podman). A `..` stays for the kernel to follow.
 */
function throughLinks(ctx: Context, place: Rooted): string {
  let at = absolute(place);
  for (let links = 0; links < LINKS_MAX; links++) {
    const { type, target } = look(ctx, place, at, []);
    if (type !== "symlink") return at;
    at = target.startsWith("/") ? target : `${path.posix.dirname(at)}/${target}`;
  }
  throw new EngineError("bad-path", `copy to ${place.path}: too many levels of symbolic links`, {
    hint: "name the file that is meant",
  });
}

/** A mount there is one like any other while the container doesn't run. */
function isSystem(ctx: Context, { record, init }: Rooted, at: string): boolean {
  return SYSTEM.test(at) && (init !== undefined || !record || !mountedPath(ctx, record, at));
}

/** Relative paths start at the working directory, in a container at that of its first process. */
function absolute({ path: given, record }: Rooted): string {
  const trimmed = given.replace(/(.)\/+$/, "$1").replace(/\/\.$/, "") || "/";
  return record ? path.posix.resolve("/", record.config.workdir, trimmed) : path.resolve(trimmed);
}

function refuseDevice(target: string): void {
  const found = fs.statSync(target, { throwIfNoEntry: false });
  if (!found || (target !== "/dev/stdout" && (found.isFile() || found.isDirectory()))) return;
  throw new EngineError(
    "not-a-directory",
    `invalid destination: ${JSON.stringify(target)} must be a directory or a regular file`,
    { hint: "`-` is for a tar archive on stdout" },
  );
}

function notFound(place: CopyPlace): EngineError {
  const where = place.container === null ? "the host" : `container ${place.container}`;
  return new EngineError(
    "not-found",
    `"${place.path}" could not be found on ${where}: no such file or directory`,
    { hint: "check the path" },
  );
}

function notCopied({ path }: CopyPlace): EngineError {
  return new EngineError(
    "not-found",
    "copying from container: copier: get: copied no items: no such file or directory",
    {
      hint: `${path} is a device, or in /dev, /proc or /sys: its contents can be piped from \`coracle exec\``,
    },
  );
}

/** What came from stdin is the user's, not ours: Podman's words for it. */
function explainStdin(error: unknown): never {
  if (!(error instanceof EngineError) || error.code !== "corrupt-archive") throw error;
  throw noArchive(error.message, error);
}

function noArchive(why: string, cause?: EngineError): EngineError {
  const text = "source must be a (compressed) tar archive when copying from stdin";
  return new EngineError("corrupt-archive", text, { hint: why, cause });
}

function notDirectory(place: string): EngineError {
  return new EngineError("not-a-directory", "destination must be a directory when copying from stdin", {
    hint: `make ${place} first`,
  });
}
