/** /etc/passwd and /etc/group as text. Lines that don't parse are skipped, as libc does. */

export interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  /** Its first part, up to a comma: the person's name. */
  fullName: string;
  home: string;
}

export interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

function rows(text: string, least: number): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"))
    .filter((parts) => parts.length >= least && parts[0] !== "");
}

const isId = (text: string | undefined): boolean =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;

export function parsePasswd(text: string): PasswdEntry[] {
  return rows(text, 4)
    .filter((f) => isId(f[2]) && isId(f[3]))
    .map((f) => ({
      name: f[0] ?? "",
      uid: Number(f[2]),
      gid: Number(f[3]),
      fullName: (f[4] ?? "").split(",", 1)[0] ?? "",
      home: f[5] ?? "",
    }));
}

export function parseGroup(text: string): GroupEntry[] {
  return rows(text, 3)
    .filter((f) => isId(f[2]))
    .map((f) => ({ name: f[0] ?? "", gid: Number(f[2]), members: (f[3] ?? "").split(",").filter(Boolean) }));
}

export interface AddedUser {
  name: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
}

/**
 * `text` with a line for the container's user, or null where the user or its id is there already. With `--user UID`
 * Podman adds `UID:*:UID:GID:container user:WORKDIR:/bin/sh`, with keep-id the caller's own name. `template` (--passwd-entry)
 * is another line.
 */
export function withPasswdEntry(text: string, user: AddedUser, template?: string): string | null {
  if (parsePasswd(text).some((e) => e.uid === user.uid || e.name === user.name)) return null;
  const [name = "", gecos = "", home = ""] = [user.name, user.gecos, user.home].map(field);
  const line = fillIn(template ?? "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh", {
    USERNAME: name,
    UID: String(user.uid),
    GID: String(user.gid),
    NAME: gecos,
    HOME: home,
  });
  return `${withNewline(text)}${line}\n`;
}

function field(text: string): string {
  return text.replace(/[:\n]/g, " ");
}

/** In one pass, so that a value is never taken for a variable. */
function fillIn(template: string, values: Record<string, string>): string {
  return template.replace(
    /\$(USERNAME|UID|GID|NAME|HOME|GROUPNAME|USERLIST)/g,
    (all, name) => values[name] ?? all,
  );
}

export function withGroupEntry(
  text: string,
  group: { name: string; gid: number; member: string },
  template?: string,
): string | null {
  if (parseGroup(text).some((e) => e.gid === group.gid || e.name === group.name)) return null;
  const line = fillIn(template ?? "$GROUPNAME:x:$GID:$USERLIST", {
    GROUPNAME: field(group.name),
    GID: String(group.gid),
    USERLIST: field(group.member),
  });
  return `${withNewline(text)}${line}\n`;
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
