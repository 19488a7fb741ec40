import { EngineError } from "../errors.ts";
import { type Context, isRealRoot } from "../host/context.ts";

/** Podman's answer to ordinary users; ours to root as well, who would need a runtime that drives CRIU. */
export function checkpointRefusal(ctx: Context, what: "checkpointing" | "restoring"): EngineError {
  if (isRealRoot(ctx)) return new EngineError("not-supported", `${what} a container is not supported yet`);
  return new EngineError("not-supported", `${what} a container requires root`, {
    hint: "`coracle commit` keeps the files of a container, `coracle pause` stops it for a while",
  });
}
