import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import {
  controllers,
  delegatedCgroup,
  hasSystemd,
  isUnified,
  managerCgroup,
  scopeOf,
  splitCgroup,
} from "../../host/cgroup.ts";
import type { Context } from "../../host/context.ts";
import type { ContainerConfig } from "../../oci/container.ts";
import { cgroupResources, neededControllers, withControllers } from "../../oci/resources.ts";
import type { Resources } from "../../oci/runtime-spec.ts";
import { cgroupName, scopeName } from "../../runtime/places.ts";
import type { ContainerRecord } from "../../runtime/records.ts";

export type CgroupManager = "systemd" | "cgroupfs" | "disabled";

/** systemd where it runs, as Podman does: it alone can give a login session's containers a cgroup with controllers. */
export function cgroupManager(ctx: Context): CgroupManager {
  const asked = ctx.options.cgroupManager;
  const isThere = isUnified() && hasSystemd(ctx.uid);
  if (asked === "systemd" && !isThere) throw noSystemd();
  const wanted = asked ?? ctx.config.engine.cgroup_manager ?? "";
  if (wanted === "cgroupfs" || wanted === "disabled") return wanted;
  if (wanted !== "" && wanted !== "systemd") {
    throw new EngineError(
      "bad-config",
      `unsupported Cgroup manager: ${wanted} - cannot validate cgroup parent: invalid argument`,
      { hint: "cgroup_manager of containers.conf is systemd or cgroupfs" },
    );
  }
  return isThere ? "systemd" : "cgroupfs";
}

function noSystemd(): EngineError {
  return new EngineError("no-systemd", "--cgroup-manager=systemd: no systemd of this user runs here", {
    hint: "`loginctl enable-linger` starts one; or use --cgroup-manager=cgroupfs",
  });
}

/** Where a container's processes go. `path` is linux.cgroupsPath of the runtime's configuration. */
export interface CgroupPlan {
  path: string;
  /** Of systemd: `path` is SLICE:PREFIX:NAME of a scope in it. */
  slice?: string;
}

/** Podman's. */
export function defaultSlice(ctx: Context): string {
  return ctx.namespace === "root" ? "machine.slice" : "user.slice";
}

/** Null where the container shares the caller's cgroup: as asked, or since no subtree is delegated to us. */
export function cgroupPlan(ctx: Context, record: ContainerRecord): CgroupPlan | null {
  const { cgroups, cgroupParent } = record.config;
  const manager = cgroupManager(ctx);
  if (cgroups === "disabled" || manager === "disabled") return null;
  if (cgroups === "split") return { path: path.posix.join(splitCgroup(), `libpod-payload-${record.id}`) };
  if (manager === "systemd") {
    const slice = cgroupParent || defaultSlice(ctx);
    return { path: `${path.basename(slice)}:libpod:${record.id}`, slice: path.basename(slice) };
  }
  const parent = cgroupParent || delegatedCgroup();
  return parent === null ? null : { path: path.posix.join("/", parent, cgroupName(record.id)) };
}

/** Podman's, where systemd manages the cgroups. */
const DEFAULT_PIDS_LIMIT = 2048;

/**
 * --pids-limit where it isn't given; 0: none. A default that can't be had is none, as in Podman: only who asks for a limit is
 * refused.
 */
export function defaultPidsLimit(ctx: Context, cgroups: string): number {
  const manager = cgroupManager(ctx);
  const limit = ctx.config.containers.pids_limit ?? (manager === "systemd" ? DEFAULT_PIDS_LIMIT : undefined);
  if (limit === undefined || cgroups === "disabled") return 0;
  const cgroup = parentCgroup(ctx);
  return cgroup !== null && controllers(cgroup).includes("pids") ? limit || -1 : 0;
}

/**
 * The controllers of a container's cgroup where limits that need others are left out, as Podman's runtime does it without
 * systemd; null where who asks for them is refused.
 */
function limitControllers(ctx: Context, { cgroups, cgroupParent }: CgroupFlags): string[] | null {
  const manager = cgroupManager(ctx);
  if (cgroups === "disabled" || manager === "disabled") return [];
  if (cgroups === "split" || manager === "systemd" || cgroupParent !== "") return null;
  const parent = delegatedCgroup();
  return parent === null ? [] : controllers(parent);
}

type CgroupFlags = Pick<ContainerConfig, "cgroups" | "cgroupParent">;

/** Without the limits that can't be had, and that nobody is refused for. */
export function possibleLimits(ctx: Context, config: CgroupFlags, resources: Resources): Resources {
  if (neededControllers(resources).length === 0) return resources;
  const there = limitControllers(ctx, config);
  return there ? withControllers(resources, there) : resources;
}

/** Whose limits a container will do without. */
export function missingControllers(ctx: Context, config: ContainerConfig): string[] {
  const needed = neededControllers(cgroupResources(config.resources, null, () => ({ major: 0, minor: 0 })));
  if (needed.length === 0) return [];
  const there = limitControllers(ctx, config) ?? needed;
  return needed.filter((name) => !there.includes(name));
}

/** Below which containers have theirs, or null where they get none. */
export function parentCgroup(ctx: Context): string | null {
  const manager = cgroupManager(ctx);
  if (manager === "disabled") return null;
  return manager === "systemd" ? managerCgroup(ctx.uid) : delegatedCgroup();
}

/** A parent is a slice to systemd, and a path to cgroupfs. */
export function checkCgroupParent(ctx: Context, parent: string): void {
  const systemd = cgroupManager(ctx) === "systemd";
  if (parent === "" || parent.endsWith(".slice") === systemd) return;
  throw systemd
    ? new EngineError(
        "usage",
        "did not receive systemd slice as cgroup parent when using systemd to manage cgroups: invalid argument",
        { hint: "give --cgroup-parent a name that ends in .slice, or use --cgroup-manager=cgroupfs" },
      )
    : new EngineError(
        "usage",
        "systemd slice received as cgroup parent when using cgroupfs: invalid argument",
      );
}

/**
 * The cgroup that a linux.cgroupsPath stands for, below the cgroup2 mount; where systemd has put the scope is asked of the
 * running container's first process. Undefined: there is none (now).
 */
export function currentCgroup(
  id: string,
  cgroupsPath: string | undefined,
  init: number | undefined,
): string | undefined {
  if (!cgroupsPath?.includes(":")) return cgroupsPath;
  return init === undefined ? undefined : scopeOf(init, scopeName(id));
}
