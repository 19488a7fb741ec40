/** /etc/passwd and /etc/group as text. Lines that don't parse are skipped, as libc does. */

export interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

export interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

function fields(text: string, least: number): string[][] {
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
  return fields(text, 4)
    .filter((f) => isId(f[2]) && isId(f[3]))
    .map((f) => ({ name: f[0] ?? "", uid: Number(f[2]), gid: Number(f[3]), home: f[5] ?? "" }));
}

export function parseGroup(text: string): GroupEntry[] {
  return fields(text, 3)
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
 * Podman adds `UID:*:UID:GID:container user:WORKDIR:/bin/sh`, with keep-id the caller's own name.
 */
export function withPasswdEntry(text: string, user: AddedUser): string | null {
  if (parsePasswd(text).some((e) => e.uid === user.uid || e.name === user.name)) return null;
  const clean = [user.name, user.gecos, user.home].map((field) => field.replace(/[:\n]/g, " "));
  return `${withNewline(text)}${clean[0]}:*:${user.uid}:${user.gid}:${clean[1]}:${clean[2]}:/bin/sh\n`;
}

export function withGroupEntry(
  text: string,
  group: { name: string; gid: number; member: string },
): string | null {
  if (parseGroup(text).some((e) => e.gid === group.gid || e.name === group.name)) return null;
  return `${withNewline(text)}${group.name.replace(/[:\n]/g, " ")}:x:${group.gid}:${group.member}\n`;
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
