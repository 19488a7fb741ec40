import { EngineError } from "../errors.ts";

/** Where an image comes from or goes to (containers-transports(5)). */
export type Transport =
  | { kind: "docker"; reference: string }
  | { kind: "containers-storage"; reference: string }
  | { kind: "oci" | "oci-archive" | "docker-archive"; path: string; reference: string | undefined }
  | { kind: "dir"; path: string };

const prefix =
  /^(docker|oci|oci-archive|docker-archive|dir|containers-storage|docker-daemon|ostree|sif|tarball):/;

/** A name with a transport before it; without one it is a registry's. */
export function parseTransport(text: string): Transport {
  const kind = prefix.exec(text)?.[1];
  if (kind === undefined) return { kind: "docker", reference: text };
  const rest = text.slice(kind.length + 1);
  switch (kind) {
    case "docker":
      if (!rest.startsWith("//")) {
        // `docker:8080/x` is a registry called docker.
        return { kind: "docker", reference: text };
      }
      return { kind, reference: rest.slice(2) };
    case "containers-storage":
      return { kind, reference: rest };
    case "dir":
      if (rest === "") throw noPath(text);
      return { kind, path: rest };
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      // A path has no colon: what follows the first one is the name.
      const colon = rest.indexOf(":");
      const path = colon < 0 ? rest : rest.slice(0, colon);
      if (path === "") throw noPath(text);
      return { kind, path, reference: colon < 0 ? undefined : rest.slice(colon + 1) || undefined };
    }
    default:
      throw new EngineError("not-supported", `transport "${kind}:" is not supported yet`, {
        hint: "use docker://, oci:, oci-archive:, docker-archive: or dir:",
      });
  }
}

function noPath(text: string): EngineError {
  return new EngineError("bad-argument", `invalid reference ${JSON.stringify(text)}: no path`);
}
