import { EngineError } from "../../errors.ts";
import {
  type AddedUser,
  type PasswdEntry,
  parseGroup,
  parsePasswd,
  withGroupEntry,
  withPasswdEntry,
} from "../../oci/passwd.ts";
import { parseId, type ResolvedUser } from "../../oci/user.ts";

/** The databases of the image and who is to be found in the container's. */
export interface UserDatabases {
  passwd: string;
  group: string;
  /** `--user` as given. */
  requested: string;
  /** The caller, where --userns=keep-id maps it; null otherwise. */
  caller: { uid: number; gid: number; hostUid: number; hostGid: number } | null;
  workdir: string;
  /** Names or ids of --hostuser. */
  hostUsers?: readonly string[] | undefined;
  /** The host's databases, read when they are needed. */
  host(name: "passwd" | "group"): string;
  /** Where something is mounted, or to be. */
  mounts: readonly string[];
  /** --passwd-entry, --group-entry */
  passwdEntry?: string | undefined;
  groupEntry?: string | undefined;
}

/**
 * /etc/passwd and /etc/group with lines for users that the image doesn't know, so that programs which look up their own
 * name work. null for a file that needs no change; an image without the file gets none (as Podman).
 */
export function userFiles(input: UserDatabases & { user: ResolvedUser }): {
  passwd: string | null;
  group: string | null;
} {
  let { group } = input;
  const passwd = withUsers(input, [...namedUsers(input), ...numberedUser(input)]);
  for (const added of input.group === "" ? [] : addedGroups(input)) {
    group = withGroupEntry(group, added, input.groupEntry) ?? group;
  }
  return { passwd: passwd === input.passwd ? null : passwd, group: group === input.group ? null : group };
}

/** /etc/passwd as --user is looked up in it: with those who are in the container by --hostuser and --userns=keep-id. */
export function passwdWithNames(input: UserDatabases): string {
  return withUsers(input, namedUsers(input));
}

/** The home of a user that the image doesn't know: --passwd-entry may say another than the working directory. */
export function addedHome(input: UserDatabases & { user: ResolvedUser }): string {
  const passwd = withUsers(input, [...namedUsers(input), ...numberedUser(input)]);
  return parsePasswd(passwd).find(({ uid }) => uid === input.user.uid)?.home || input.workdir;
}

function withUsers({ passwd, passwdEntry }: UserDatabases, users: readonly AddedUser[]): string {
  if (passwd === "") return "";
  return users.reduce((text, user) => withPasswdEntry(text, user, passwdEntry) ?? text, passwd);
}

function namedUsers(input: UserDatabases): AddedUser[] {
  const { caller } = input;
  const users = (input.hostUsers ?? []).map((name) => {
    const { uid, gid, ...entry } = hostUser(input.host("passwd"), name);
    return { uid, gid, name: entry.name, gecos: entry.fullName, home: homeOf(entry.home, input) };
  });
  if (caller) {
    const entry = parsePasswd(input.host("passwd")).find(({ uid }) => uid === caller.hostUid);
    users.push({
      uid: caller.uid,
      gid: caller.gid,
      name: entry?.name ?? String(caller.uid),
      gecos: entry?.fullName ?? "",
      home: homeOf(entry?.home ?? "", input),
    });
  }
  return users;
}

function numberedUser({ user, workdir }: UserDatabases & { user: ResolvedUser }): AddedUser[] {
  const { uid, gid, name } = user;
  return name === "" ? [{ uid, gid, name: String(uid), gecos: "container user", home: workdir }] : [];
}

function addedGroups(input: UserDatabases): { name: string; gid: number; member: string }[] {
  const { caller } = input;
  const groups: { name: string; gid: number; member: string }[] = [];
  if (caller) {
    const member = parsePasswd(input.host("passwd")).find(({ uid }) => uid === caller.hostUid)?.name ?? "";
    const name = parseGroup(input.host("group")).find(({ gid }) => gid === caller.hostGid)?.name;
    groups.push({ name: name ?? String(caller.gid), gid: caller.gid, member: member || String(caller.uid) });
  }
  // Without a group Podman takes the user's number for that of a group.
  const [member = "", name = member] = input.requested.split(":");
  const gid = parseId(name);
  if (gid !== null && gid !== caller?.gid) groups.push({ name: String(gid), gid, member });
  return groups;
}

function hostUser(passwd: string, nameOrId: string): PasswdEntry {
  const users = parsePasswd(passwd);
  const found =
    users.find(({ name }) => name === nameOrId) ?? users.find(({ uid }) => String(uid) === nameOrId);
  if (found) return found;
  throw new EngineError("no-such-user", `user: unknown user ${nameOrId}`, {
    hint: "--hostuser takes users of the host's /etc/passwd",
  });
}

/** The user's own home where that, or a directory above it, is mounted in the container. */
function homeOf(home: string, { mounts, workdir }: UserDatabases): string {
  const isThere = mounts.some((mount) => mount !== "/" && `${home}/`.startsWith(`${mount}/`));
  return home !== "" && isThere ? home : workdir;
}
