import type { Context } from "../../host/context.ts";
import type { ContainerConfig, MountRequest } from "../../oci/container.ts";
import { isPropagation } from "../../oci/mount-options.ts";
import { readOnlyTmpfs } from "../../oci/spec-mounts.ts";
import { volumeDataPath } from "../../storage/volumes.ts";
import { sortedKeys } from "./inspect-values.ts";

/** Volumes and binds; Podman lists its volumes first. */
export function inspectMounts(ctx: Context, mounts: readonly MountRequest[]) {
  const ofType = (type: MountRequest["type"]) => mounts.filter((mount) => mount.type === type);
  return [...ofType("volume"), ...ofType("bind")].map((mount) => {
    const volume = mount.type === "volume";
    const options = mount.options.filter(
      (option) => !["ro", "rw"].includes(option) && !isPropagation(option),
    );
    return {
      Type: mount.type,
      // Not in the JSON of a bind, but there for templates.
      Name: volume ? mount.source : undefined,
      Source: volume ? volumeDataPath(ctx, mount.source) : mount.source,
      Destination: mount.destination,
      Driver: volume ? "local" : "",
      Mode: mount.relabel ?? "",
      Options: [
        ...new Set([
          ...(mount.chown ? ["U"] : []),
          ...(volume ? ["nosuid", "nodev"] : []),
          ...options,
          "rbind",
        ]),
      ],
      RW: !mount.options.includes("ro"),
      Propagation: mount.options.find(isPropagation) ?? "rprivate",
      SubPath: mount.subpath,
    };
  });
}

/** The same in the form of -v: `vol:/vol:ro,rprivate,nosuid,nodev,rbind`. */
export function inspectBinds(ctx: Context, mounts: readonly MountRequest[]): string[] {
  return inspectMounts(ctx, mounts).map(({ Name, Source, Destination, Mode, RW, Propagation, Options }) => {
    const chown = Options.includes("U") ? ["U"] : [];
    const others = Options.filter((option) => option !== "U");
    const options = [...(Mode ? [Mode] : []), ...chown, RW ? "rw" : "ro", Propagation, ...others];
    return `${Name ?? Source}:${Destination}:${options.join(",")}`;
  });
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
