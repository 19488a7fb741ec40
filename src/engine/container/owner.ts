import type { containerIdMappings } from "../../oci/generate-spec.ts";
import { toParentId } from "../../oci/id-mapping.ts";

export interface Owner {
  uid: number;
  gid: number;
}

/** Of a container's own user namespace, null where it has none. */
export type Mappings = ReturnType<typeof containerIdMappings>;

/** A container's ids as those of the namespace that we are in. */
export function parentOwner(mappings: Mappings, { uid, gid }: Owner): Owner {
  if (!mappings) return { uid, gid };
  return { uid: toParentId(mappings.uid, uid) ?? 0, gid: toParentId(mappings.gid, gid) ?? 0 };
}
