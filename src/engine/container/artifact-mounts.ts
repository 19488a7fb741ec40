import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, rephrase } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import type { MountRequest } from "../../oci/container.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { Mount } from "../../oci/runtime-spec.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { getArtifact } from "../../storage/artifacts.ts";
import { blobPath } from "../../storage/blobs.ts";
import { blobFileName, chosenBlobs } from "../artifact/blobs.ts";
import { statInRoot } from "./root-files.ts";
import { withRootfs } from "./rootfs.ts";

/** Refuses, before the container is made, artifacts that aren't there. */
export function checkArtifacts(ctx: Context, mounts: readonly MountRequest[]): void {
  for (const { type, source } of mounts) {
    if (type !== "artifact") continue;
    try {
      getArtifact(ctx, source);
    } catch (error) {
      throw rephrase(error, { prefix: `validating artifact ${JSON.stringify(source)}: ` });
    }
  }
}

/**
 * The files of artifacts, each bound read-only; the artifact is looked up at each start. The only file of one lies at the
 * destination itself, unless the container has a directory there.
 */
export async function artifactMounts(
  ctx: Context,
  record: ContainerRecord,
): Promise<Map<MountRequest, Mount[]>> {
  const wanted = record.config.mounts.filter(({ type }) => type === "artifact");
  if (wanted.length === 0) return new Map();
  return await withRootfs(
    ctx,
    record,
    undefined,
    (root) => new Map(wanted.map((mount) => [mount, mountsOf(ctx, mount, root)])),
  );
}

function mountsOf(ctx: Context, mount: MountRequest, root: string): Mount[] {
  const { source, destination, artifact } = mount;
  const blobs = chosenBlobs(ctx, source, artifact ?? {});
  const kind = statInRoot(ctx, root, destination)?.type;
  const isFile = kind !== undefined && kind !== "directory";
  if (isFile && blobs.length > 1) {
    throw new EngineError(
      "several-blobs",
      `artifact "${source}" contains more than one blob and container path "${destination}" is a file`,
      { hint: "choose one with title= or digest=, or mount them in a directory" },
    );
  }
  const isAlone = kind === undefined && blobs.length === 1 && artifact?.name === undefined;
  return blobs.map((blob, index) => {
    if (isFile || isAlone) return bind(ctx, mount, blob, destination);
    const name =
      artifact?.name === undefined
        ? blobFileName(blob, artifact?.digest !== undefined)
        : `${artifact.name}${blobs.length > 1 ? `-${index}` : ""}`;
    return bind(ctx, mount, blob, path.posix.join(destination, name));
  });
}

function bind(ctx: Context, { options }: MountRequest, { digest }: Descriptor, destination: string): Mount {
  const source = blobPath(ctx, digest);
  // Whoever the container's user is, he is to read it; nobody else comes into the store's directories.
  fs.chmodSync(source, 0o644);
  return { destination, type: "bind", source, options };
}
