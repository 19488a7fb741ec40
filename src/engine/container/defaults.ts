import type { ContainerConfig, MountRequest, SecurityOptions } from "../../oci/container.ts";
import { containerCommand } from "../../oci/container-command.ts";
import { cleanPath } from "../../oci/container-path.ts";
import { type Environment, mergeEnv, proxyVariables } from "../../oci/env.ts";
import { withImageHealth } from "../../oci/health.ts";
import type { ImageConfig } from "../../oci/image.ts";
import { type ImageVolumeMode, imageVolumeMounts } from "../../oci/mounts.ts";
import { parseExposed, publishExposed } from "../../oci/ports.ts";
import { imageSeccompProfile, type SeccompPolicy } from "../../oci/seccomp.ts";
import { parseSignal } from "../../oci/signals.ts";
import { isSystemd, SYSTEMD_STOP_SIGNAL, type SystemdMode } from "../../oci/systemd.ts";

/** What the flags say beyond ContainerConfig, where "not given" and "empty" differ. */
export interface ImageOverrides {
  /** null: not given, so the image's counts; [""]: none. */
  entrypoint: string[] | null;
  publishAll: boolean;
  systemd: SystemdMode;
  /** Of the configuration, weaker than the image's. */
  defaultEnv: Environment;
  /** --env-merge */
  mergeEnv: readonly string[];
  unsetEnv: string[];
  unsetEnvAll: boolean;
  /** --env-host */
  envHost: boolean;
  /** --http-proxy: pass the host's proxy settings on. */
  httpProxy: boolean;
  /** --image-volume: what becomes of the image's VOLUME entries. */
  imageVolume: ImageVolumeMode;
  seccompPolicy: SeccompPolicy;
}

/** SIGTERM. */
const DEFAULT_STOP_SIGNAL = 15;

/**
 * Fills in from the image what the flags left open. In `config` empty values mean "not given": command, workdir, user,
 * stopSignal 0. `config.env` holds what the flags and files set. Anonymous volumes get their names from `newVolumeName`.
 */
export function withImageDefaults(
  config: ContainerConfig,
  overrides: ImageOverrides,
  image: ImageConfig | undefined,
  newVolumeName: () => string,
  host: NodeJS.ProcessEnv,
): ContainerConfig {
  const defaults = image?.config ?? {};
  const exposed = parseExposed([...Object.keys(defaults.ExposedPorts ?? {}), ...config.exposed]);
  // Another entrypoint makes the image's command meaningless (Podman and Docker drop it).
  const command =
    config.command.length > 0 || overrides.entrypoint?.length ? config.command : (defaults.Cmd ?? []);
  const entrypoint = overrides.entrypoint ?? defaults.Entrypoint ?? [];
  const systemd = isSystemd(overrides.systemd, containerCommand({ entrypoint, command }));
  return {
    ...config,
    entrypoint,
    command,
    systemd,
    env: mergeEnv({
      terminal: config.terminal,
      proxies: overrides.httpProxy ? proxyVariables(host) : {},
      image: [...environmentList(overrides.defaultEnv), ...(defaults.Env ?? [])],
      ...(overrides.envHost ? { host: host as Environment } : {}),
      merge: overrides.mergeEnv,
      flags: config.env,
      unset: overrides.unsetEnv,
      unsetAll: overrides.unsetEnvAll,
    }),
    // Absolute, whatever an image says.
    workdir: config.workdir || cleanPath(defaults.WorkingDir ?? ""),
    user: config.user || defaults.User || "",
    labels: { ...(defaults.Labels ?? {}), ...config.labels },
    stopSignal:
      config.stopSignal ||
      imageStopSignal(defaults.StopSignal) ||
      (systemd ? SYSTEMD_STOP_SIGNAL : DEFAULT_STOP_SIGNAL),
    security: withImageSeccomp(config.security, overrides, image),
    mounts: nameVolumes([...config.mounts, ...imageVolumes(config, overrides, defaults)], newVolumeName),
    ports: overrides.publishAll ? [...config.ports, ...publishExposed(exposed, config.ports)] : config.ports,
    exposed,
    ...(config.health ? { health: withImageHealth(config.health, defaults.Healthcheck) } : {}),
  };
}

function withImageSeccomp(
  security: SecurityOptions,
  { seccompPolicy }: ImageOverrides,
  image: ImageConfig | undefined,
): SecurityOptions {
  if (seccompPolicy === "default" || security.seccomp === "unconfined") return security;
  return { ...security, imageSeccomp: imageSeccompProfile(image && (image.config?.Labels ?? {})) };
}

function environmentList(env: Environment): string[] {
  return Object.entries(env).map(([key, value]) => `${key}=${value}`);
}

function imageStopSignal(signal: string | undefined): number {
  if (!signal) return 0;
  try {
    return parseSignal(signal);
  } catch {
    return 0; // an image's nonsense is no reason not to run it
  }
}

function imageVolumes(
  { mounts }: ContainerConfig,
  { imageVolume }: ImageOverrides,
  { Volumes = {} }: { Volumes?: Record<string, object> | null },
): MountRequest[] {
  return imageVolumeMounts(Object.keys(Volumes ?? {}), imageVolume, mounts);
}

function nameVolumes(mounts: MountRequest[], newVolumeName: () => string): MountRequest[] {
  return mounts.map((mount) =>
    mount.type === "volume" && mount.source === ""
      ? { ...mount, source: newVolumeName(), anonymous: true }
      : mount,
  );
}
