import { parseAnnotations } from "../../oci/labels.ts";
import type { CreateFlags } from "./flags.ts";

/** Those asked for, and flags that Podman keeps as annotations for `inspect`. */
export function annotations(flags: CreateFlags): Record<string, string> {
  const kept = {
    "cid-file": flags.cidfile,
    cpuset: flags["cpuset-cpus"],
    "memory-nodes": flags["cpuset-mems"],
    "publish-all": flags["publish-all"] ? "TRUE" : "",
    "pids-limit": String(flags["pids-limit"] ?? ""),
    userns: flags.userns,
    "volumes-from": flags["volumes-from"].join(";"),
  };
  const own = Object.entries(kept).flatMap(([name, value]) =>
    value === "" ? [] : [[`io.podman.annotations.${name}`, value]],
  );
  return { ...parseAnnotations(flags.annotation), ...Object.fromEntries(own) };
}
