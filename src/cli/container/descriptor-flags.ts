import { preservedFds } from "../../host/descriptors.ts";
import * as flag from "../flags.ts";

/** What `run` and `exec` pass on to the process beyond its stdio. */
export const descriptorFlags = {
  "preserve-fd": flag.uints({ description: "Pass a list of additional file descriptors to the container" }),
  "preserve-fds": flag.uint({
    description: "Pass N additional file descriptors to the container",
    default: 0,
  }),
};

export function descriptors(flags: flag.FlagValues<typeof descriptorFlags>): number[] {
  return preservedFds(flags["preserve-fds"], flags["preserve-fd"]);
}
