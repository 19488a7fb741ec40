import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findProgram, isExecutable } from "../../host/programs.ts";

/** How the OCI runtime to use is called: what was asked for, a name or a path. */
export function runtimeName(ctx: Context, asked: string | undefined): string {
  const name = asked ?? ctx.options.runtime ?? ctx.config.engine.runtime ?? "";
  return name === "" || name === "coracle" ? "coracle-runtime" : name;
}

/** What containers.conf has for images of a platform, unless --runtime says otherwise. */
export function platformRuntime(
  { options, config }: Context,
  image: { os: string; architecture: string } | undefined,
): string | undefined {
  if (image === undefined || options.runtime !== undefined) return undefined;
  return config.engine.platform_to_oci_runtime?.[`${image.os}/${image.architecture}`];
}

/** Those of Podman's that can do without cgroups, and our own. */
const CGROUPLESS = ["crun", "crun-vm", "krun"];

/** Refuses a runtime of which the configuration doesn't say that it can make a container without cgroups. */
export function checkCgroupless(ctx: Context, name: string): void {
  const able = ctx.config.engine.runtime_supports_nocgroup ?? CGROUPLESS;
  if (name === "coracle-runtime" || able.includes(path.basename(name))) return;
  throw new EngineError(
    "invalid-argument",
    `requested OCI runtime ${name} is not compatible with NoCgroups: invalid argument`,
    { hint: "runtime_supports_nocgroup in [engine] of containers.conf names those that are" },
  );
}

/**
 * The path of the OCI runtime to use, or null for our own. `asked` may be a path, a name of the configuration's table of
 * runtimes, or one on PATH, as Podman has it.
 */
export function resolveRuntime(ctx: Context, asked: string | undefined): string | null {
  const { runtimes = {} } = ctx.config.engine;
  const name = runtimeName(ctx, asked);
  if (name === "coracle-runtime") return null;
  const file = name.includes("/")
    ? path.resolve(name)
    : ((Object.hasOwn(runtimes, name) ? runtimes[name] : [])?.find(isExecutable) ?? findProgram(name));
  if (file !== undefined && isExecutable(file)) return file;
  throw new EngineError("no-such-runtime", `default OCI runtime "${name}" not found: invalid argument`, {
    hint: `install it (\`apt install ${path.basename(name)}\`) or leave out --runtime to use Coracle's own`,
  });
}
