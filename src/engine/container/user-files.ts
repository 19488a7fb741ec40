import { type AddedUser, parsePasswd, withGroupEntry, withPasswdEntry } from "../../oci/passwd.ts";
import type { ResolvedUser } from "../../oci/user.ts";

/** The databases of the image and whom the container's first process runs as. */
export interface UserDatabases {
  passwd: string;
  group: string;
  user: ResolvedUser;
  /** The caller, where --userns=keep-id maps it; null otherwise. */
  caller: { uid: number; gid: number; hostUid: number; hostPasswd: string } | null;
  workdir: string;
}

/**
 * /etc/passwd and /etc/group with lines for users that the image doesn't know, so that programs which look up their own
 * name work. null for a file that needs no change; an image without the file gets none (as Podman).
 */
export function userFiles(input: UserDatabases): { passwd: string | null; group: string | null } {
  let { passwd, group } = input;
  for (const user of addedUsers(input)) {
    const { uid, gid, name } = user;
    if (input.passwd !== "") passwd = withPasswdEntry(passwd, user) ?? passwd;
    const groupName = uid === input.caller?.uid ? name : String(gid);
    if (input.group !== "") group = withGroupEntry(group, { name: groupName, gid, member: name }) ?? group;
  }
  return { passwd: passwd === input.passwd ? null : passwd, group: group === input.group ? null : group };
}

function addedUsers({ caller, user, workdir }: UserDatabases): AddedUser[] {
  const users: AddedUser[] = [];
  if (caller) {
    const name = parsePasswd(caller.hostPasswd).find((entry) => entry.uid === caller.hostUid)?.name;
    users.push({
      uid: caller.uid,
      gid: caller.gid,
      name: name ?? String(caller.uid),
      gecos: "",
      home: workdir,
    });
  }
  if (user.name === "" && user.uid !== caller?.uid) {
    users.push({
      uid: user.uid,
      gid: user.gid,
      name: String(user.uid),
      gecos: "container user",
      home: workdir,
    });
  }
  return users;
}
