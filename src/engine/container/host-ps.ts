import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { readJson } from "../../host/files.ts";
import { childProcess } from "../../host/native.ts";
import { findProgram } from "../../host/programs.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import { containerDirectory } from "../../runtime/records.ts";

export interface HostPs {
  /** The container's init. */
  pid: number;
  args: readonly string[];
  /** The container has a user namespace of its own. */
  ownUsers: boolean;
}

/**
 * What the host's ps(1) says in the container's pid namespace, with a /proc of it; undefined where it is not to be run.
 * The container sees that process, but can't trace it, and so neither its files nor its environment: it has rights that
 * the container lacks. So a container that may trace anything gets only its own.
 */
export function hostPs(ctx: Context, id: string, { pid, args, ownUsers }: HostPs): string | undefined {
  const spec = readJson<RuntimeSpec>(path.join(containerDirectory(ctx, id), "config.json"));
  const rights = spec?.process.capabilities?.bounding;
  const [nsenter, unshare, ps] = ["nsenter", "unshare", "ps"].map(findProgram);
  if (!nsenter || !unshare || !ps || !rights || rights.includes("CAP_SYS_PTRACE")) return undefined;
  const into = ["--target", String(pid), "--pid", ...(ownUsers ? ["--user"] : [])];
  const proc = ["--mount", "--mount-proc"];
  const { status, stdout, stderr } = childProcess().spawnSync(
    nsenter,
    [...into, "--", unshare, ...proc, "--", ps, ...args],
    { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20, env: {}, cwd: "/", encoding: "utf8" },
  );
  if (status === 0) return stdout;
  // Those that come before ps: a kernel or a surrounding that doesn't let them.
  if (/^(nsenter|unshare): /.test(stderr ?? "") || status === null) return undefined;
  throw new EngineError("ps-failed", `ps(1) failed with exit code ${status}: ${stderr.split("\n")[0]}`);
}
