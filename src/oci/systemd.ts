import type { ContainerConfig } from "./container.ts";
import { invalid } from "./invalid.ts";
import type { Mount } from "./runtime-spec.ts";

export type SystemdMode = "true" | "false" | "always";

/** SIGRTMIN+3, at which systemd shuts down. */
export const SYSTEMD_STOP_SIGNAL = 37;

/** Value of --systemd. */
export function parseSystemdMode(text: string): SystemdMode {
  const mode = text.toLowerCase() || "true";
  if (mode === "true" || mode === "false" || mode === "always") return mode;
  throw invalid(
    'invalid config provided: --systemd values must be one of "true, false, always": invalid configuration',
  );
}

const INITS = ["/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init"];

/** Whether the container is to be as systemd needs it: for `true` only when that is what it runs. */
export function isSystemd(mode: SystemdMode, argv: readonly string[]): boolean {
  if (mode !== "true") return mode === "always";
  // What CMD in its shell form makes of it.
  const inShell = argv.length > 2 && argv[0] === "/bin/sh" && argv[1] === "-c";
  const command = (inShell ? argv[2] : argv[0]) ?? "";
  return INITS.includes(command) || command.replace(/.*\//s, "") === "systemd";
}

/** What systemd wants to find writable and empty, unless something is mounted there. */
export function systemdMounts(config: ContainerConfig, requested: readonly Mount[]): Mount[] {
  if (!config.systemd) return [];
  const size = config.shmSizeSystemd ? [`size=${config.shmSizeSystemd}`] : [];
  return ["/run", "/run/lock", "/tmp", "/var/log/journal"]
    .filter((destination) => !requested.some((mount) => mount.destination === destination))
    .map((destination) => ({
      destination,
      type: "tmpfs",
      source: "tmpfs",
      options: ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup", ...size],
    }));
}

/** Names the machine in a container whose image doesn't: `container_uuid`. */
export function systemdEnv(config: ContainerConfig, id: string): Record<string, string> {
  return config.systemd && !config.env.container_uuid ? { container_uuid: id.slice(0, 32) } : {};
}
