import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import { firstExisting, machineCandidates } from "../../host/config/files.ts";
import type { Context } from "../../host/context.ts";
import type { SecurityOptions } from "../../oci/container.ts";
import { parseSeccompProfile, type SeccompProfile } from "../../oci/seccomp.ts";
import { defaultSeccompProfile } from "../../oci/seccomp-default.ts";

/** The image's, or the profile that --security-opt seccomp= names: a file, none, or the default one. */
export function seccompProfile(
  ctx: Context,
  { seccomp, imageSeccomp }: SecurityOptions,
): SeccompProfile | null {
  if (imageSeccomp !== undefined) return parseSeccompProfile(imageSeccomp, "");
  if (seccomp === "unconfined") return null;
  const file = seccomp || defaultSeccompFile(ctx);
  return file === undefined ? defaultSeccompProfile() : readProfile(file);
}

/** The machine's or the distribution's default profile; undefined where it is our own. */
export function defaultSeccompFile(ctx: Context): string | undefined {
  return ctx.config.containers.seccomp_profile || firstExisting(machineCandidates("seccomp.json"));
}

function readProfile(file: string): SeccompProfile | null {
  if (file === "unconfined") return null;
  try {
    return parseSeccompProfile(fs.readFileSync(file, "utf8"), file);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      "no-seccomp-profile",
      `opening seccomp profile failed: open ${file}: ${reasonOf(error)}`,
      { hint: "give the path of a profile, or seccomp=unconfined", cause: error },
    );
  }
}
