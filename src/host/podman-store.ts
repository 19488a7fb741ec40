import * as fs from "node:fs";
import * as path from "node:path";

/** A directory that holds a store of Podman's has ours beside what it keeps. */
export function storeIn(directory: string): string {
  const isPodmans = ["libpod", "db.sql", "overlay-layers", "vfs-layers"].some((name) =>
    fs.existsSync(path.join(directory, name)),
  );
  return isPodmans ? path.join(directory, "coracle") : directory;
}
