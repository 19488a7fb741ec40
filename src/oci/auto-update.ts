import { invalid } from "./invalid.ts";
import { parseReference } from "./reference.ts";

/** Which service a container belongs to: a variable that units set, and the label that containers get from it. */
export const SYSTEMD_UNIT = "PODMAN_SYSTEMD_UNIT";
const LABEL = "io.containers.autoupdate";
export const AUTHFILE_LABEL = "io.containers.autoupdate.authfile";

export type UpdatePolicy = "registry" | "local";

const policies: Record<string, UpdatePolicy | undefined> = {
  "": undefined,
  disabled: undefined,
  image: "registry",
  local: "local",
  registry: "registry",
};

/** How a container with these labels is to be updated; undefined: not at all. */
export function updatePolicy(labels: Readonly<Record<string, string>>): UpdatePolicy | undefined {
  const value = labels[LABEL];
  if (value === undefined) return undefined;
  if (Object.hasOwn(policies, value)) return policies[value];
  const known = Object.keys(policies).filter(Boolean);
  throw invalid(
    `invalid auto-update policy ${JSON.stringify(value)}: valid policies are [${known.map((name) => JSON.stringify(name)).join(" ")}]`,
  );
}

/**
 * Where a new container's labels ask for updates from a registry, its image's name has to say from which. Other values,
 * also such as there are not, are told of by `auto-update`.
 */
export function checkUpdates(labels: Readonly<Record<string, string>>, image: string): void {
  const value = labels[LABEL];
  if (value !== "registry" && value !== "image") return;
  const transport = /^(containers-storage|dir|docker-archive|oci|oci-archive):/.exec(image)?.[1];
  if (transport !== undefined) {
    throw invalid(
      `auto updates require the docker image transport but image is of transport ${JSON.stringify(transport)}`,
    );
  }
  if (image.startsWith("docker://") || parseReference(image).registry !== undefined) return;
  throw invalid(
    `short name: auto updates require fully-qualified image reference: ${JSON.stringify(image)}`,
    "write the registry before the name",
  );
}
