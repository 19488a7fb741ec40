import { EngineError } from "../errors.ts";
import { invalid } from "./invalid.ts";
import { type GroupEntry, parseGroup, parsePasswd } from "./passwd.ts";

/** (uid_t)-1 means "no change" to the kernel, so it is no id. */
const MAX_ID = 2 ** 32 - 2;

export interface ResolvedUser {
  uid: number;
  gid: number;
  /** Supplementary groups: those of --group-add, of the image, and the primary one where a user was asked for. */
  additionalGids: number[];
  home: string;
  /** Name in the image's passwd, or "". */
  name: string;
}

/** A decimal id, without sign, spaces or anything behind it (`1x` must never become 1, nor `` 0). */
export function parseId(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= MAX_ID ? id : null;
}

/**
 * `user`, `uid`, `user:group`, … looked up in the text of the image's /etc/passwd and /etc/group (empty where the
 * image has none). A number is an id, whatever the image calls its users: it could call its root 1000. The supplementary groups of a user hold only when no group is asked for.
 */
export function resolveUser(
  spec: string,
  passwdText: string,
  groupText: string,
  extra: string[] = [],
): ResolvedUser {
  const colon = spec.indexOf(":");
  const userPart = colon < 0 ? spec : spec.slice(0, colon);
  const groupPart = colon < 0 ? "" : spec.slice(colon + 1);
  if (groupPart.includes(":")) throw invalid(`invalid user "${spec}": more than one ':'`);

  const user = lookUpUser(userPart, passwdText);
  const groups = parseGroup(groupText);
  let gid = user.gid;
  let implicit: number[] = [];
  if (groupPart !== "") gid = lookUpGroup(groupPart, groups);
  else if (user.name) implicit = groups.filter((g) => g.members.includes(user.name)).map((g) => g.gid);

  const gids = [
    ...(spec === "" ? [] : [gid]),
    ...extra.filter((name) => name !== KEEP_GROUPS).map((name) => lookUpGroup(name, groups)),
    ...implicit,
  ];
  return { uid: user.uid, gid, additionalGids: [...new Set(gids)], home: user.home || "/", name: user.name };
}

/** In place of names: the groups of whoever starts the container, which need not be mapped. */
export const KEEP_GROUPS = "keep-groups";

/** Values of `--group-add`. */
export function parseGroupAdd(values: readonly string[]): string[] {
  if (!values.includes(KEEP_GROUPS)) return [...values];
  if (values.length > 1) {
    throw invalid("the '--group-add keep-groups' option is not allowed with any other --group-add options");
  }
  return [...values];
}

function lookUpUser(
  text: string,
  passwdText: string,
): { uid: number; gid: number; home: string; name: string } {
  const wanted = text || "0";
  const id = parseId(wanted);
  const entries = parsePasswd(passwdText);
  const entry = entries.find((e) => (id === null ? e.name === wanted : e.uid === id));
  if (entry) return entry;
  if (id !== null) return { uid: id, gid: 0, home: "", name: "" };
  refuseBadNumber(wanted);
  throw new EngineError("no-such-user", `unable to find user ${wanted}: no matching entries in passwd file`);
}

function lookUpGroup(text: string, groups: GroupEntry[]): number {
  const id = parseId(text);
  const entry = groups.find((g) => (id === null ? g.name === text : g.gid === id));
  if (entry) return entry.gid;
  if (id !== null) return id;
  refuseBadNumber(text);
  throw new EngineError("no-such-group", `unable to find group ${text}: no matching entries in group file`);
}

function refuseBadNumber(text: string): void {
  if (/^[+-]?\d+$/.test(text))
    throw invalid(`invalid id "${text}": uids and gids must be in range 0-${MAX_ID}`);
}
