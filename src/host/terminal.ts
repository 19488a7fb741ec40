import * as fs from "node:fs";

/** The device number of /dev/null, which every machine has (major 1, minor 3). */
const NULL_DEVICE = 0x103;

/** isatty(3). Loading node:tty takes two milliseconds, which what is no terminal by its looks doesn't pay. */
export function isTerminal(fd: number): boolean {
  try {
    const file = fs.fstatSync(fd);
    if (!file.isCharacterDevice() || file.rdev === NULL_DEVICE) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(fd);
}
