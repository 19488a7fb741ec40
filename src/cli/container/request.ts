import type { CreateRequest } from "../../engine/container/create.ts";
import { type PullOptions, platformText } from "../../engine/image/pull-options.ts";
import { EngineError, rephrase } from "../../errors.ts";
import type { ContainersConf } from "../../host/config/containers-conf-keys.ts";
import { isTerminal } from "../../host/terminal.ts";
import { normalizeCapability } from "../../oci/capabilities.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import type { Environment } from "../../oci/env.ts";
import { parseImageVolumeMode } from "../../oci/mounts.ts";
import { publishesPorts } from "../../oci/network-flag.ts";
import { parsePullPolicy } from "../../oci/pull-policy.ts";
import { parseSeccompPolicy } from "../../oci/seccomp.ts";
import { parseSystemdMode } from "../../oci/systemd.ts";
import { hostEnv } from "../host-env.ts";
import { imageProgress } from "../image-progress.ts";
import { log } from "../log.ts";
import { registryAccess } from "../registry-flags.ts";
import { containerConfig, entrypoint } from "./config.ts";
import { withConfiguration } from "./configured.ts";
import type { CreateFlags } from "./flags.ts";
import { realtimeLimits } from "./resource-flags.ts";

export interface RequestInput {
  flags: CreateFlags;
  given: ReadonlySet<string>;
  /** IMAGE and what follows it. */
  args: readonly string[];
  /** The command line as typed, for `inspect`. */
  commandLine: readonly string[];
  configuration: ContainersConf;
}

/** What the flags ask the engine to make. */
export function createRequest(input: RequestInput): Omit<CreateRequest, "startPending"> {
  const { given, args, configuration } = input;
  const flags = withConfiguration(input.flags, given, configuration);
  const [image = "", ...command] = args;
  return {
    image: flags.rootfs ? null : image,
    pull: pullOptions(flags, given),
    // Docker's names begin with a slash.
    name: flags.name.replace(/^\//, ""),
    replace: flags.replace,
    config: {
      ...containerConfig(flags, given, image, command),
      ...fromConfiguration(configuration),
    },
    entrypoint: entrypoint(flags.entrypoint),
    publishAll: flags["publish-all"],
    systemd: parseSystemdMode(flags.systemd),
    defaultEnv: configuredEnv(configuration),
    mergeEnv: flags["env-merge"],
    unsetEnv: flags.unsetenv,
    unsetEnvAll: flags["unsetenv-all"],
    envHost: flags["env-host"],
    httpProxy: flags["http-proxy"],
    imageVolume: parseImageVolumeMode(flags["image-volume"]),
    seccompPolicy: parseSeccompPolicy(flags["seccomp-policy"]),
    createCommand: [...input.commandLine],
    pidFile: flags.pidfile,
    conmonPidFile: flags["conmon-pidfile"],
    cidFile: flags.cidfile,
    onRefusedCapabilities: (names) =>
      log(
        "error",
        `Capabilities requested by user or image are not allowed by default: "${names.join(",")}"`,
      ),
  };
}

function configuredEnv({ containers }: ContainersConf): Environment {
  try {
    return hostEnv(containers.env ?? [], []);
  } catch (error) {
    throw rephrase(error, { prefix: "parsing fields in containers.conf: " });
  }
}

/** What no flag can say. */
function fromConfiguration({ containers }: ContainersConf): Partial<ContainerConfig> {
  const { default_capabilities: capabilities } = containers;
  return {
    ...(capabilities ? { defaultCapabilities: capabilities.map(normalizeCapability) } : {}),
  };
}

function pullOptions(flags: CreateFlags, given: ReadonlySet<string>): PullOptions {
  return {
    policy: parsePullPolicy(flags.pull),
    platform: platformText(flags),
    signaturePolicy: flags["signature-policy"],
    ...registryAccess(flags, given),
    quiet: flags.quiet,
    onProgress: imageProgress(flags.quiet),
  };
}

/** What to tell of flags that the container is made without. */
export function discarded(flags: CreateFlags, config: ContainerConfig): string[] {
  return [...discardedPorts(config), ...realtimeLimits(flags)];
}

/** --publish where there are no ports of the container's own. */
function discardedPorts({ ports, network }: ContainerConfig): string[] {
  if (ports.length === 0 || publishesPorts(network)) return [];
  const mode = network.kind === "ns" ? "path" : network.kind;
  return [`Port mappings have been discarded because "${mode}" network namespace mode does not support them`];
}

/**
 * What to warn of flags that do nothing, or less than they say. `least`: the lowest --oom-score-adj that the caller may give;
 * `missing`: cgroup controllers.
 */
export function weakened(
  given: ReadonlySet<string>,
  { oomScoreAdj }: ContainerConfig,
  least: number,
  missing: readonly string[],
): string[] {
  const lines: string[] = [];
  if (missing.length > 0) {
    lines.push(
      `Limits are ignored that need cgroup controllers which are not available here: ${missing.join(", ")}; \`coracle doctor\` says how they are delegated to you`,
    );
  }
  if (given.has("kernel-memory")) {
    lines.push("The --kernel-memory flag is no longer supported. This flag is a noop.");
  }
  if (oomScoreAdj !== null && oomScoreAdj < least) {
    lines.push(`Requested oom_score_adj=${oomScoreAdj} is lower than the current one, changing to ${least}`);
  }
  return lines;
}

/** What to warn of `-it` in a script. */
export function missingTerminal({ tty, interactive }: CreateFlags): string[] {
  if (!tty || !interactive || isTerminal(0)) return [];
  return ["The input device is not a TTY. The --tty and --interactive flags might not work properly"];
}

/** The streams of --attach, or those that a foreground container has. */
export function attachedStreams(
  flags: CreateFlags,
  given: ReadonlySet<string>,
): ("stdin" | "stdout" | "stderr")[] {
  const stdin = flags.interactive ? (["stdin"] as const) : [];
  if (!given.has("attach")) return [...stdin, "stdout", "stderr"];
  const asked = flags.attach.map((text) => {
    const stream = text.toLowerCase();
    if (stream === "stdin" || stream === "stdout" || stream === "stderr") return stream;
    throw new EngineError(
      "usage",
      `invalid stream "${text}" for --attach - must be one of stdin, stdout, or stderr: invalid argument`,
    );
  });
  return [...new Set([...stdin, ...asked])];
}
