import { type GoType, unsupported } from "../flags.ts";

/** Flags of Podman's `run` and `create` that are recognised, and refused: a container without them would be another one. */
export const unsupportedFlags = {
  ...each("string", {
    "init-ctr": "Make this a pod init container",
    pod: "Run container in an existing pod",
    "pod-id-file": "Read the pod ID from the file",
    "rdt-class": "Class of Service (COS) that the container should be assigned to",
  }),
  ...each("strings", {
    "decryption-key": "Key needed to decrypt the image (e.g. /path/to/key.pem)",
  }),
};

function each<Name extends string>(
  goType: GoType,
  descriptions: Record<Name, string>,
): Record<Name, ReturnType<typeof unsupported>> {
  const flags = Object.entries<string>(descriptions).map(([name, description]) => [
    name,
    unsupported(goType, { description }),
  ]);
  return Object.fromEntries(flags) as Record<Name, ReturnType<typeof unsupported>>;
}
