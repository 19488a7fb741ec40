import * as fs from "node:fs";
import type { Context } from "./context.ts";
import { runNative } from "./spawn.ts";

/** Mounts of the mount namespace that we are in. */

/** The mount points in the text of /proc/PID/mountinfo, each as often as something is mounted there. */
export function parseMountPoints(mountinfo: string): string[] {
  return mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const field = line.split(" ")[4] as string;
      return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      );
    });
}

/** How many mounts lie on each other at each mount point. */
export function mountCounts(): Map<string, number> {
  const counts = new Map<string, number>();
  // Bytes, not characters: what isn't ASCII stands there as it is.
  const text = fs.readFileSync("/proc/self/mountinfo", "latin1");
  for (const bytes of parseMountPoints(text)) {
    const point = Buffer.from(bytes, "latin1").toString();
    counts.set(point, (counts.get(point) ?? 0) + 1);
  }
  return counts;
}

/** Mounts what is at a path there once more: it then takes one more `detach`. */
export function bindOnItself(ctx: Context, path: string): void {
  runNative(ctx, "coracle-monitor", ["bind", path]);
}

/** Mounts a directory that is empty and vanishes with the mount namespace. */
export function mountTmpfs(ctx: Context, path: string): void {
  runNative(ctx, "coracle-monitor", ["tmpfs", path]);
}

/** Mounts what another process has mounted at the same path in its own mount namespace. */
export function adoptMount(ctx: Context, path: string, pid: number): void {
  runNative(ctx, "coracle-monitor", ["adopt", path, String(pid)]);
}

/** Takes the topmost mounts of a mount point away, as many as asked for. */
export function detach(ctx: Context, path: string, times = 1): void {
  for (let i = 0; i < times; i++) runNative(ctx, "coracle-monitor", ["detach", path]);
}
