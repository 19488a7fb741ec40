/** Whom the ids in a container are on the host, and what its user databases say of them. */

import { EngineError } from "../../errors.ts";
import type { ContainerConfig, UserNamespaceMode } from "../../oci/container.ts";
import { parseUserNamespace } from "../../oci/namespaces.ts";
import * as flag from "../flags.ts";

export const userFlags = {
  gidmap: flag.strings({ description: "GID map to use for the user namespace" }),
  "group-entry": flag.string({ description: "Entry to write to /etc/group", default: "" }),
  hostuser: flag.strings({ description: "Host user account to add to /etc/passwd within container" }),
  passwd: flag.boolean({ description: "Add entries to /etc/passwd and /etc/group", default: true }),
  "passwd-entry": flag.string({ description: "Entry to write to /etc/passwd", default: "" }),
  subgidname: flag.string({
    description: "Name of range listed in /etc/subgid for use in user namespace",
    default: "",
  }),
  subuidname: flag.string({
    description: "Name of range listed in /etc/subuid for use in user namespace",
    default: "",
  }),
  uidmap: flag.strings({ description: "UID map to use for the user namespace" }),
  userns: flag.string({ description: "User namespace to use", default: "", completes: "user-namespace" }),
};

type UserFlags = flag.FlagValues<typeof userFlags>;

/** The flags that describe a user namespace by what it maps. */
const mapFlags = ["uidmap", "gidmap", "subuidname", "subgidname"] as const;

export function userPart(
  flags: UserFlags,
  given: ReadonlySet<string>,
): Pick<ContainerConfig, "userns" | "passwd" | "passwdEntry" | "groupEntry" | "hostUsers"> {
  return {
    userns: userNamespace(flags, given),
    passwd: flags.passwd,
    ...(flags["passwd-entry"] ? { passwdEntry: flags["passwd-entry"] } : {}),
    ...(flags["group-entry"] ? { groupEntry: flags["group-entry"] } : {}),
    ...(flags.hostuser.length > 0 ? { hostUsers: flags.hostuser } : {}),
  };
}

function userNamespace(flags: UserFlags, given: ReadonlySet<string>): UserNamespaceMode {
  if (!mapFlags.some((name) => given.has(name))) return parseUserNamespace(flags.userns);
  if (given.has("userns")) {
    throw new EngineError(
      "usage",
      "--userns and --uidmap/--gidmap/--subuidname/--subgidname are mutually exclusive",
    );
  }
  return {
    kind: "private",
    uidMap: flags.uidmap,
    gidMap: flags.gidmap,
    subUidName: flags.subuidname,
    subGidName: flags.subgidname,
  };
}
