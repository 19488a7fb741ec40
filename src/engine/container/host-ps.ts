import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import { listDirectory } from "../../host/files.ts";
import { findProgram } from "../../host/programs.ts";
import { childProcess } from "../../host/spawn.ts";

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
 * the container lacks. Where anybody may trace it, only the container's own is run.
 */
export function hostPs({ pid, args, ownUsers }: HostPs): string | undefined {
  const [nsenter, unshare, ps] = ["nsenter", "unshare", "ps"].map(findProgram);
  if (!nsenter || !unshare || !ps || wouldBeTraced(pid)) return undefined;
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

const CAP_SYS_PTRACE = 1n << 19n;

/**
 * Whether anybody who would see a process in the pid namespace of this one may trace it: the container itself, another one
 * that shares the namespace, or what `exec --privileged` has left there. What is in a namespace below sees it, too.
 */
function wouldBeTraced(init: number): boolean {
  const namespace = link(init, "pid");
  // With --pid host: who may trace there has all of us before him anyway.
  if (namespace === link(process.pid, "pid")) return false;
  const depth = depthOf(statusOf(init));
  // Rights in a user namespace that the container made are worth nothing here.
  const users = [link(process.pid, "user"), link(init, "user")];
  return listDirectory("/proc").some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const pid = Number(name);
    const status = statusOf(pid);
    if (link(pid, "pid") !== namespace && depthOf(status) <= depth) return false;
    return users.includes(link(pid, "user")) && mayTrace(status);
  });
}

/** "" for a process that has ended, or is none of ours. */
function link(pid: number, namespace: string): string {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/${namespace}`);
  } catch {
    return "";
  }
}

function statusOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

/** In how many pid namespaces it is. */
function depthOf(status: string): number {
  return /^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).length ?? 0;
}

/** Now, or by a program that it executes. */
function mayTrace(status: string): boolean {
  return [...status.matchAll(/^Cap(?:Prm|Bnd):\s*([0-9a-f]+)$/gm)].some(
    ([, set]) => (BigInt(`0x${set}`) & CAP_SYS_PTRACE) !== 0n,
  );
}
