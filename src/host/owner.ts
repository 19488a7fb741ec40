import { randomHex } from "../oci/hash.ts";
import { bootId, isAlive, type ProcessIdentity, self } from "./process.ts";

/*
 * Names that carry the identity of the process that made them. An identity in the name is there from the moment the
 * object is: no crash can leave an object whose owner isn't known.
 */

/** `<pid>-<startTime>-<bootId>-<random>`, unique for every call; the boot id without its dashes. */
export function ownerName(): string {
  const { pid, startTime, bootId: boot } = self();
  return `${pid}-${startTime}-${boot.replaceAll("-", "")}-${randomHex(4)}`;
}

const pattern = /(\d+)-(\d+)-([0-9a-f]{32})-[0-9a-f]{8}$/;

/** Whether the process that made this name still lives; undefined where the name carries no owner. */
export function isOwnerAlive(name: string): boolean | undefined {
  const match = pattern.exec(name);
  if (!match) return undefined;
  if (match[3] !== bootId().replaceAll("-", "")) return false;
  const owner: ProcessIdentity = { pid: Number(match[1]), startTime: Number(match[2]), bootId: bootId() };
  return isAlive(owner);
}
