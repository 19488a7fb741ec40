import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { publishesPorts } from "../../oci/network-flag.ts";
import { cgroupResources } from "../../oci/resources.ts";
import { checkApparmor } from "../../oci/security-opt.ts";
import { checkArtifacts } from "./artifact-mounts.ts";
import { checkCgroupParent, defaultPidsLimit } from "./cgroup.ts";
import { checkNamespacePaths, checkSources, resolveContainers, resolveImages } from "./create-references.ts";
import { blockDeviceNumbers, hostDevices } from "./devices.ts";
import { hostFacts } from "./host-facts.ts";
import { checkOverlays } from "./overlays.ts";
import { choosePorts } from "./ports.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import { resolveSecrets } from "./secrets.ts";
import { timezoneFile } from "./timezone.ts";

/** Refuses what can't work, and puts the things themselves in the place of names for them. */
export async function checkConfig(ctx: Context, config: ContainerConfig): Promise<void> {
  if (config.sdnotify === "healthy" && !config.health?.check) {
    const problem = 'invalid argument: sdnotify policy "healthy" requires a healthcheck to be set';
    throw new EngineError("invalid-argument", problem, { hint: "--health-cmd sets one" });
  }
  checkApparmor(config.security.apparmor, hostFacts(ctx).apparmor);
  checkSources(config);
  checkOverlays(ctx, config, config.userns.kind !== "host");
  resolveImages(ctx, config.mounts);
  checkArtifacts(ctx, config.mounts);
  cgroupResources(config.resources, null, blockDeviceNumbers);
  checkCgroupParent(ctx, config.cgroupParent);
  config.resources.pidsLimit ||= defaultPidsLimit(ctx, config.cgroups ?? "enabled");
  hostDevices(config.devices);
  resolveSecrets(ctx, config);
  resolveContainers(ctx, config);
  checkNamespacePaths(config);
  await resolveBridges(ctx, config);
  if (config.timezone) timezoneFile(config.timezone);
  // A default of the distribution's that is broken comes to light at the start.
  const { seccomp, imageSeccomp } = config.security;
  if (seccomp || imageSeccomp || ctx.config.containers.seccomp_profile) seccompProfile(ctx, config.security);
  if (config.init && config.initPath) checkInit(config.initPath);
  // What has no network of its own has no ports either.
  config.ports = publishesPorts(config.network) ? await choosePorts(config.ports) : [];
}

/** Networks are known by their names from here on. */
export async function resolveBridges(ctx: Context, { network }: ContainerConfig): Promise<void> {
  if (network.kind !== "bridge") return;
  const { resolveNetworks } = await import("./bridge.ts");
  resolveNetworks(ctx, network.networks);
}

function checkInit(file: string): void {
  if (fs.existsSync(file)) return;
  throw new EngineError(
    "no-such-source",
    `container-init binary not found on the host: stat ${file}: no such file or directory`,
    { hint: "without --init-path it is Coracle's own" },
  );
}
