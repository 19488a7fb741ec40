import type { MountRequest } from "./container.ts";
import { cleanPath, parseDestination } from "./container-path.ts";
import { invalid } from "./invalid.ts";
import { type Glob, parseMountFlag } from "./mount-flag.ts";
import { bindOptions, tmpfsOptions } from "./mount-options.ts";
import { checkVolumeName } from "./names.ts";

export interface MountFlags {
  /** Values of -v, --mount and --tmpfs. */
  volumes?: readonly string[];
  mounts?: readonly string[];
  tmpfs?: readonly string[];
}

/**
 * Everything that -v, --mount and --tmpfs ask for. An anonymous volume has `source` "": the engine names it.
 * `resolve` makes a host path absolute (the caller knows the working directory); it gets absolute ones too. `glob` finds
 * the paths that match an absolute pattern.
 */
export function parseMounts(
  flags: MountFlags,
  resolve: (path: string) => string,
  glob: Glob = () => [],
): MountRequest[] {
  const mounts = (flags.mounts ?? []).flatMap((text) => parseMountFlag(text, resolve, glob));
  const volumes = (flags.volumes ?? []).map((text) => parseVolumeFlag(text, resolve));
  const tmpfs = (flags.tmpfs ?? []).map(parseTmpfsFlag);
  const asked = new Set(mounts.map(keyOf));
  const isTmpfs = ({ destination }: MountRequest) =>
    mounts.some((mount) => mount.type === "tmpfs" && mount.destination === destination);
  const requests = [
    ...mounts,
    ...uniqueRequests(volumes).filter((volume) => !asked.has(keyOf(volume))),
    ...uniqueRequests(tmpfs).filter((mount) => !isTmpfs(mount)),
  ];
  const destinations = new Set<string>();
  for (const { destination } of requests) {
    if (destinations.has(destination)) throw invalid(`${destination}: duplicate mount destination`);
    destinations.add(destination);
  }
  return requests;
}

/** The same given twice is harmless, also as -v and --mount. */
function uniqueRequests(requests: MountRequest[]): MountRequest[] {
  return [...new Map(requests.map((request) => [keyOf(request), request])).values()];
}

function keyOf(request: MountRequest): string {
  return JSON.stringify(request);
}

/** Value of -v: `[source:]destination[:options]`; the source is a path when it begins with `/` or `.`, else a volume. */
function parseVolumeFlag(text: string, resolve: (path: string) => string): MountRequest {
  const parts = text.split(":");
  if (parts.length > 3) {
    throw invalid(`${text}: incorrect volume format, should be [host-dir:]ctr-dir[:option]`);
  }
  if (parts.length === 1) return anonymousVolume(parseDestination(text));
  const [source = "", target = "", optionText] = parts;
  const type = source.startsWith("/") || source.startsWith(".") ? "bind" : "volume";
  const options = bindOptions(optionText?.split(",") ?? [], type);
  if (source === "") throw invalid("host directory cannot be empty");
  const destination = parseDestination(target);
  if (type === "bind") return { type, source: resolve(source), destination, ...options };
  checkVolumeName(source, `creating named volume "${source}": `);
  return { type, source, destination, ...options };
}

function anonymousVolume(destination: string): MountRequest {
  return { type: "volume", source: "", destination, anonymous: true, ...bindOptions([], "volume") };
}

/** Value of --tmpfs: `destination[:options]`. */
function parseTmpfsFlag(text: string): MountRequest {
  const [target = "", optionText] = text.split(/:(.*)/s);
  const options = optionText?.split(",") ?? [];
  return { type: "tmpfs", source: "tmpfs", destination: parseDestination(target), ...tmpfsOptions(options) };
}

export type ImageVolumeMode = "anonymous" | "tmpfs" | "ignore";

/** `--image-volume`; `bind` is the old name of anonymous. */
export function parseImageVolumeMode(text: string): ImageVolumeMode {
  if (text === "" || text === "bind" || text === "anonymous") return "anonymous";
  if (text === "tmpfs" || text === "ignore") return text;
  throw invalid(`invalid image volume mode "${text}" required value: anonymous, tmpfs, ignore`);
}

/** As Podman has it of these. */
const IMAGE_VOLUME = ["rprivate", "rw", "nodev", "exec", "nosuid", "rbind"];

/** Mounts for the volumes that the image declares, where nothing was asked to be mounted. */
export function imageVolumeMounts(
  paths: readonly string[],
  mode: ImageVolumeMode,
  requested: readonly MountRequest[],
): MountRequest[] {
  if (mode === "ignore") return [];
  const destinations = new Set(paths.map(cleanPath));
  const free = [...destinations].filter(
    (path) => path !== "/" && !requested.some((r) => r.destination === path),
  );
  return free.map((destination) =>
    mode === "tmpfs"
      ? { type: "tmpfs", source: "tmpfs", destination, ...tmpfsOptions(["mode=1777"]) }
      : { ...anonymousVolume(destination), options: IMAGE_VOLUME },
  );
}

/** Value of --volumes-from: `container[:options]`. */
export function parseVolumesFrom(text: string): { container: string; access: "ro" | "rw" | "" } {
  const [container = "", optionText] = text.split(/:(.*)/s);
  if (container === "") throw invalid('looking up container "" for volumes-from: name or ID cannot be empty');
  let access: "ro" | "rw" | "" = "";
  const options = optionText?.split(",") ?? [];
  if (options.filter((option) => option === "z").length > 1) {
    throw invalid("cannot set :z more than once in mount options");
  }
  for (const option of options) {
    if (option === "z") continue;
    if (option !== "ro" && option !== "rw") {
      throw invalid(
        `invalid option "${option}" specified - volumes from another container can only use z,ro,rw options`,
      );
    }
    if (access !== "") throw invalid("cannot set ro or rw options more than once");
    access = option;
  }
  return { container, access };
}

/** The volumes of another container as --volumes-from takes them over, which leaves out what has no source. */
export function inheritedMounts(mounts: readonly MountRequest[], access: "ro" | "rw" | ""): MountRequest[] {
  const volumes = mounts.filter(({ type }) => type === "bind" || type === "volume");
  return volumes.map(({ anonymous: _, ...mount }) => ({
    ...mount,
    options: access
      ? [...mount.options.filter((option) => option !== "ro" && option !== "rw"), access]
      : mount.options,
  }));
}
