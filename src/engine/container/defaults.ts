import type { ContainerConfig, MountRequest, PortMapping } from "../../oci/container.ts";
import type { ImageConfig } from "../../oci/image.ts";
import { parseSignal } from "../../oci/signals.ts";

/** What the flags say beyond ContainerConfig, where "not given" and "empty" differ. */
export interface ImageOverrides {
  /** null: not given, so the image's counts; []: reset by --entrypoint "". */
  entrypoint: string[] | null;
  publishAll: boolean;
  unsetEnv: string[];
  unsetEnvAll: boolean;
}

/** SIGTERM. */
const DEFAULT_STOP_SIGNAL = 15;

/**
 * Fills in from the image what the flags left open. In `config` empty values mean "not given": command, workdir, user,
 * stopSignal 0. Anonymous volumes get their names from `newVolumeName`.
 */
export function withImageDefaults(
  config: ContainerConfig,
  overrides: ImageOverrides,
  image: ImageConfig | undefined,
  newVolumeName: () => string,
): ContainerConfig {
  const defaults = image?.config ?? {};
  // Another entrypoint makes the image's command meaningless (Podman and Docker drop it).
  const command =
    config.command.length > 0 || overrides.entrypoint !== null ? config.command : (defaults.Cmd ?? []);
  return {
    ...config,
    entrypoint: overrides.entrypoint ?? defaults.Entrypoint ?? [],
    command,
    env: mergeEnv(defaults.Env ?? [], config.env, overrides),
    workdir: config.workdir || defaults.WorkingDir || "/",
    user: config.user || defaults.User || "",
    labels: { ...(defaults.Labels ?? {}), ...config.labels },
    stopSignal: config.stopSignal || imageStopSignal(defaults.StopSignal) || DEFAULT_STOP_SIGNAL,
    mounts: nameVolumes([...config.mounts, ...imageVolumes(config.mounts, defaults.Volumes ?? {})], newVolumeName),
    ports: overrides.publishAll
      ? [...config.ports, ...exposedPorts([...Object.keys(defaults.ExposedPorts ?? {}), ...config.exposed], config.ports)]
      : config.ports,
    exposed: [...new Set([...Object.keys(defaults.ExposedPorts ?? {}), ...config.exposed])],
  };
}

function mergeEnv(image: string[], flags: Record<string, string>, overrides: ImageOverrides): Record<string, string> {
  const env: Record<string, string> = {};
  if (!overrides.unsetEnvAll) {
    for (const entry of image) {
      const equals = entry.indexOf("=");
      if (equals > 0) env[entry.slice(0, equals)] = entry.slice(equals + 1);
    }
  }
  for (const name of overrides.unsetEnv) delete env[name];
  return { ...env, ...flags };
}

function imageStopSignal(signal: string | undefined): number {
  if (!signal) return 0;
  try {
    return parseSignal(signal);
  } catch {
    return 0; // an image's nonsense is no reason not to run it
  }
}

/** VOLUME entries of the image that no mount covers. */
function imageVolumes(mounts: MountRequest[], volumes: Record<string, object>): MountRequest[] {
  const taken = new Set(mounts.map((mount) => trimSlash(mount.destination)));
  return Object.keys(volumes)
    .filter((destination) => !taken.has(trimSlash(destination)))
    .map((destination) => ({ type: "volume", source: "", destination, options: [], anonymous: true }));
}

function nameVolumes(mounts: MountRequest[], newVolumeName: () => string): MountRequest[] {
  return mounts.map((mount) =>
    mount.type === "volume" && mount.source === "" ? { ...mount, source: newVolumeName(), anonymous: true } : mount,
  );
}

function exposedPorts(exposed: string[], published: PortMapping[]): PortMapping[] {
  return exposed
    .map((entry) => {
      const [port, protocol] = entry.split("/");
      return {
        hostIp: "",
        hostPort: 0,
        containerPort: Number(port),
        protocol: (protocol ?? "tcp") as PortMapping["protocol"],
      };
    })
    .filter(
      (port) => !published.some((one) => one.containerPort === port.containerPort && one.protocol === port.protocol),
    );
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
