import { type Context, isRealRoot } from "../../host/context.ts";
import { oomScoreAdj, processFacts } from "../../host/facts.ts";
import { allCapabilities } from "../../oci/capabilities.ts";
import type { HostFacts } from "../../oci/generate-spec.ts";

/** What this machine and the caller allow containers. */
export function hostFacts(ctx: Context): HostFacts {
  const facts = processFacts();
  return {
    rootless: !isRealRoot(ctx),
    uid: ctx.uid,
    gid: ctx.gid,
    uidCount: facts.uidCount,
    gidCount: facts.gidCount,
    capabilities: hostCapabilities(ctx, facts),
    arch: facts.arch,
    kernel: facts.kernel,
    apparmor: facts.apparmor && isRealRoot(ctx),
    defaultApparmor: ctx.config.containers.apparmor_profile,
    limits: facts.limits,
    pidMax: facts.pidMax,
    oomScoreAdj: facts.oomScoreAdj,
  };
}

/** The lowest oom_score_adj that a container can get. */
export function leastOomScore(ctx: Context): number {
  return isRealRoot(ctx) ? -1000 : oomScoreAdj();
}

/** The capabilities of this kernel that we could pass on: in a user namespace, which readers don't enter, it is all. */
export function hostCapabilities(ctx: Context, facts = processFacts()): string[] {
  const all = allCapabilities(facts.lastCapability);
  return isRealRoot(ctx) ? all.filter((_, number) => (facts.boundingSet >> BigInt(number)) & 1n) : all;
}
