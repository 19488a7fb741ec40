import type { Context } from "../../host/context.ts";
import type { ContainerConfig, MountRequest } from "../../oci/container.ts";
import { isPropagation } from "../../oci/mount-options.ts";
import { readOnlyTmpfs } from "../../oci/spec-mounts.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { sortedKeys } from "./inspect-values.ts";

/** Volumes, images and binds, in this order; but no directory that the container sees through an overlay (`:O`). */
export function inspectMounts(ctx: Context, mounts: readonly MountRequest[]) {
  return [
    ...inspectBound(ctx, mounts, "volume"),
    ...mounts.filter(({ type }) => type === "image").map(inspectImage),
    ...inspectBound(ctx, mounts, "bind"),
  ];
}

function inspectImage({ source, destination, options, subpath }: MountRequest) {
  return {
    Type: "image",
    Name: undefined,
    Source: source,
    Destination: destination,
    Driver: "",
    Mode: "",
    Options: null,
    RW: options.includes("rw"),
    Propagation: "",
    SubPath: subpath,
  };
}

function inspectBound(ctx: Context, mounts: readonly MountRequest[], type: "volume" | "bind") {
  const volume = type === "volume";
  const found = mounts.filter((mount) => mount.type === type && (volume || !mount.overlay));
  return found.map((mount) => {
    const all = allOptions(mount);
    const options = all.filter(
      (option) => !["ro", "rw", mount.relabel].includes(option) && !isPropagation(option),
    );
    return {
      Type: type,
      // Not in the JSON of a bind, but there for templates.
      Name: volume ? mount.source : undefined,
      Source: volume ? volumeDataPath(ctx, mount.source) : mount.source,
      Destination: mount.destination,
      Driver: volume ? "local" : "",
      Mode: mount.relabel ?? "",
      Options: options,
      RW: !all.includes("ro"),
      Propagation: all.find(isPropagation) ?? "rprivate",
      SubPath: mount.subpath,
    };
  });
}

/** As Podman orders them: what was asked for, what that makes of the mount, defaults. */
function allOptions({ options, relabel, chown, overlay, noCopy }: MountRequest): string[] {
  const firstDefault = options.findIndex((option) => ["private", "rprivate", "rbind"].includes(option));
  const given = firstDefault < 0 ? options : options.slice(0, firstDefault);
  const access = options.includes("ro") || options.includes("rw") ? [] : ["rw"];
  return [
    ...given,
    ...(noCopy ? ["nocopy"] : []),
    ...(relabel ? [relabel] : []),
    ...(chown ? ["U"] : []),
    ...(overlay ? ["O"] : []),
    ...access,
    ...options.slice(given.length),
  ];
}

/** The same in the form of -v: `vol:/vol:ro,rprivate,nosuid,nodev,rbind`. */
export function inspectBinds(mounts: readonly MountRequest[]): string[] {
  const volumes = mounts.filter(({ type }) => type === "volume");
  const binds = mounts.filter(({ type, overlay }) => type === "bind" && !overlay);
  return [...volumes, ...binds].map(
    (mount) => `${mount.source}:${mount.destination}:${allOptions(mount).join(",")}`,
  );
}

/** Each tmpfs, those of --read-only included, with its options. */
export function inspectTmpfs(config: ContainerConfig): Record<string, string> {
  const requested = config.mounts.filter(({ type }) => type === "tmpfs");
  const entries = [...requested, ...readOnlyTmpfs(config, config.mounts)].map(
    ({ destination, options = [] }) => [destination, withAccess(options)] as const,
  );
  return sortedKeys(Object.fromEntries(entries));
}

function withAccess(options: readonly string[]): string {
  if (options.includes("ro") || options.includes("rw")) return options.join(",");
  const position = options.findIndex(isPropagation);
  return options.toSpliced(position === -1 ? 0 : position, 0, "rw").join(",");
}
