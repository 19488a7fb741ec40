import * as fs from "node:fs";

/*
 * The process that the launcher leaves outside of the user namespace where a port may be published (native/PROTOCOL.md
 * §1). It sees descriptors that are hidden from us, and ends when nobody can ask it any more.
 */

function socketTo(): number | undefined {
  return Number(process.env.CORACLE_OUTSIDE_FD) || undefined;
}

/** `process PID (NAME)` of who has a socket, by the socket's inode number. */
export function socketOwner(inode: string): string | undefined {
  const fd = socketTo();
  if (fd === undefined) return undefined;
  try {
    fs.writeSync(fd, `${inode}\n`);
    const answer = Buffer.alloc(128);
    const found = /^(\d+) (.*)\n/.exec(answer.toString("utf8", 0, fs.readSync(fd, answer)));
    return found ? `process ${found[1]} (${found[2]})` : undefined;
  } catch {
    return undefined; // somebody has killed it
  }
}

/** There is nothing more to ask. */
export function closeOutside(): void {
  const fd = socketTo();
  if (fd === undefined) return;
  delete process.env.CORACLE_OUTSIDE_FD;
  fs.closeSync(fd);
}
