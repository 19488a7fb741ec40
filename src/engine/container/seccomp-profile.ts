import * as fs from "node:fs";
import { EngineError, reasonOf } from "../../errors.ts";
import { parseSeccompProfile, type SeccompProfile } from "../../oci/seccomp.ts";
import { defaultSeccompProfile } from "../../oci/seccomp-default.ts";

const systemProfile = "/etc/containers/seccomp.json";

/** The profile that --security-opt seccomp= names: our own, the administrator's, a file, or none. */
export function seccompProfile(option: string): SeccompProfile | null {
  if (option === "unconfined") return null;
  if (option !== "") {
    try {
      return parseSeccompProfile(fs.readFileSync(option, "utf8"), option);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(
        "no-seccomp-profile",
        `opening seccomp profile failed: open ${option}: ${reasonOf(error)}`,
        {
          hint: "give the path of a profile, or seccomp=unconfined",
          cause: error,
        },
      );
    }
  }
  return fs.existsSync(systemProfile)
    ? parseSeccompProfile(fs.readFileSync(systemProfile, "utf8"), systemProfile)
    : defaultSeccompProfile();
}
