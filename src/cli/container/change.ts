import type { ContainerChange } from "../../engine/container/update.ts";
import { parseEnvFlags } from "../../oci/env.ts";
import { parseRestartPolicy } from "../../oci/restart.ts";
import { parseUlimits } from "../../oci/ulimit.ts";
import type { FlagValues } from "../flags.ts";
import { healthChanges, type healthFlags } from "./health-flags.ts";
import { limitChanges, type limitFlags } from "./resource-flags.ts";

type ChangeFlags = FlagValues<typeof limitFlags> &
  FlagValues<typeof healthFlags> & {
    env: string[];
    unsetenv: string[];
    ulimit: string[];
    restart: string | undefined;
  };

/** What the flags of `update` ask for. */
export function containerChange(flags: ChangeFlags, given: ReadonlySet<string>): ContainerChange {
  return {
    resources: limitChanges(flags, given),
    restart: flags.restart === undefined ? undefined : parseRestartPolicy(flags.restart),
    health: healthChanges(flags, given),
    env: parseEnvFlags(flags.env, process.env),
    unsetEnv: flags.unsetenv,
    ...(given.has("ulimit") ? { ulimits: parseUlimits(flags.ulimit) } : {}),
  };
}
