import * as fs from "node:fs";
import * as path from "node:path";
import { mountsFiles } from "../../host/config/files.ts";
import type { Context } from "../../host/context.ts";
import { parseDefaultMounts } from "../../oci/default-mounts.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import type { Owner } from "./owner.ts";

/**
 * What every container gets by mounts.conf(5): secrets of the machine, such as subscriptions. A container has copies that
 * belong to its root, made anew at each start, and can do with them as it likes.
 */
export function defaultMounts(
  ctx: Context,
  record: ContainerRecord,
  owner: Owner,
): { source: string; destination: string }[] {
  const copies = path.join(containerDirectory(ctx, record.id), "default-mounts");
  fs.rmSync(copies, { recursive: true, force: true });
  const { defaultMountsFile } = ctx.options;
  const files = defaultMountsFile ? [defaultMountsFile] : mountsFiles();
  const requested = files.flatMap((file) => parseDefaultMounts(readFile(file), file));
  const taken = new Set(record.config.mounts.map(({ destination }) => destination));
  const mounts = new Map<string, string>();
  for (const { source, destination } of requested) {
    // What is missing on this machine is passed over, as Podman does.
    if (taken.has(destination) || mounts.has(destination) || !fs.existsSync(source)) continue;
    const copy = path.join(copies, String(mounts.size));
    fs.mkdirSync(copies, { recursive: true, mode: 0o755 });
    fs.cpSync(source, copy, { recursive: true, dereference: true });
    giveTo(copy, owner);
    mounts.set(destination, copy);
  }
  return [...mounts].map(([destination, source]) => ({ source, destination }));
}

function readFile(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}

function giveTo(file: string, owner: Owner): void {
  fs.chownSync(file, owner.uid, owner.gid);
  if (!fs.statSync(file).isDirectory()) return;
  for (const name of fs.readdirSync(file)) giveTo(path.join(file, name), owner);
}
