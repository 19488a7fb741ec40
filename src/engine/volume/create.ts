import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { invalid } from "../../oci/invalid.ts";
import { parseVolumeOptions } from "../../oci/volume-options.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import { findImage, layerKeys } from "../../storage/images.ts";
import * as volumes from "../../storage/volumes.ts";
import { reapImageLeftovers } from "../image/reap.ts";

export interface CreateVolumeRequest {
  /** Undefined or "": one is drawn. */
  name?: string | undefined;
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  ignore: boolean;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** Returns the volume's name. */
export async function createVolume(ctx: Context, request: CreateVolumeRequest): Promise<string> {
  const { labels, uid, gid } = request;
  const wanted: volumes.VolumeOptions = { ...driverOptions(ctx, request), labels };
  if (uid !== undefined) wanted.uid = uid;
  if (gid !== undefined) wanted.gid = gid;
  await reapImageLeftovers(ctx);
  const record = await makeVolume(ctx, request, wanted);
  if (!record) return request.name ?? "";
  if (record.image && !findImage(ctx, record.image.id)) {
    // `rmi` was first: it looks for volumes after it has taken the image away.
    await volumes.removeVolume(ctx, record.name);
    throw unknownImage(request.options["image"] ?? "");
  }
  recordEvent(ctx, { Type: "volume", Status: "create", Name: record.name });
  return record.name;
}

/** Undefined if --ignore is given and the volume is there: that creates nothing, and is no event. */
async function makeVolume(
  ctx: Context,
  { name, ignore }: CreateVolumeRequest,
  wanted: volumes.VolumeOptions,
) {
  try {
    return await volumes.createVolume(ctx, name || undefined, wanted);
  } catch (error) {
    if (ignore && error instanceof EngineError && error.code === "volume-exists") return undefined;
    throw error;
  }
}

function driverOptions(ctx: Context, { name, driver, options }: CreateVolumeRequest): volumes.VolumeOptions {
  switch (driver) {
    case "":
    case "local":
      checkDevice(options);
      return parseVolumeOptions(options);
    case "image":
      return imageOptions(ctx, options);
    default:
      throw new EngineError(
        "no-such-plugin",
        `volume ${name ?? ""} uses volume plugin ${driver} but it could not be retrieved: no volume plugin with name ${driver} available: required plugin missing`,
        { hint: "the drivers are local and image; volume plugins are not supported yet" },
      );
  }
}

function checkDevice({ type = "", device }: Record<string, string>): void {
  if (type.toLowerCase() !== "bind" || device === undefined || fs.existsSync(device)) return;
  throw invalid(
    `invalid volume option device for driver 'local': stat ${device}: no such file or directory`,
    "make the directory first",
  );
}

function imageOptions(ctx: Context, options: Record<string, string>): volumes.VolumeOptions {
  for (const key of Object.keys(options)) {
    if (key.toLowerCase() !== "image") {
      throw invalid(`invalid mount option ${key} for driver 'image': invalid argument`);
    }
  }
  const name = Object.values(options).at(-1) ?? "";
  if (name === "") {
    throw invalid(
      "must provide an image name when creating a volume with the image driver: invalid argument",
      "name it with --opt image=IMAGE",
    );
  }
  const image = findImage(ctx, name);
  if (!image) throw unknownImage(name);
  return { options, image: { id: image.id, layers: layerKeys(image) } };
}

function unknownImage(name: string): EngineError {
  return new EngineError(
    "image-not-known",
    `looking up image ${name} to create volume failed: ${name}: image not known`,
    { hint: `\`coracle pull ${name}\` fetches it` },
  );
}
