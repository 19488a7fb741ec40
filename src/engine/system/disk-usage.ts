import type { Context } from "../../host/context.ts";
import { runNative } from "../../host/spawn.ts";
import { listRecords } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { visibleImages } from "../../storage/image-index.ts";
import { readConfig } from "../../storage/images.ts";
import { readLayerRecord } from "../../storage/layers.ts";
import { listVolumes, volumeDataPath } from "../../storage/volumes.ts";
import { containerSize } from "../container/size.ts";

/** What takes room in the store; sizes in bytes. */
export interface DiskUsage {
  /** One entry for each name of an image. */
  images: ImageUsage[];
  /** Of all layers, each counted once. */
  imagesSize: number;
  containers: ContainerUsage[];
  volumes: VolumeUsage[];
}

export interface ImageUsage {
  repository: string;
  tag: string;
  id: string;
  created: string;
  size: number;
  /** Of the layers that other images have, too. */
  sharedSize: number;
  uniqueSize: number;
  /** How many containers use it. */
  containers: number;
}

export interface ContainerUsage {
  id: string;
  imageId: string;
  command: string[];
  localVolumes: number;
  rwSize: number;
  created: string;
  state: string;
  name: string;
}

export interface VolumeUsage {
  name: string;
  /** How many containers use it. */
  links: number;
  size: number;
}

export function diskUsage(ctx: Context): DiskUsage {
  const records = listRecords(ctx).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  const usesVolume = (name: string) => (mount: { type: string; source: string }) =>
    mount.type === "volume" && mount.source === name;
  return {
    ...imageUsage(ctx, (id) => records.filter(({ config }) => config.image?.id === id).length),
    containers: records.map((record) => ({
      id: record.id,
      imageId: record.config.image?.id ?? "",
      command: record.config.command,
      localVolumes: record.config.mounts.filter(({ type }) => type === "volume").length,
      rwSize: containerSize(ctx, record).rwSize,
      created: record.createdAt,
      state: readStatus(ctx, record.id).state,
      name: record.name,
    })),
    volumes: listVolumes(ctx).map(({ name }) => ({
      name,
      links: records.filter(({ config }) => config.mounts.some(usesVolume(name))).length,
      size: directorySize(ctx, volumeDataPath(ctx, name)),
    })),
  };
}

function imageUsage(
  ctx: Context,
  containersOf: (id: string) => number,
): Pick<DiskUsage, "images" | "imagesSize"> {
  const index = Object.entries(visibleImages(ctx).images);
  const layersOf = new Map(index.map(([id]) => [id, readConfig(ctx, id).rootfs.diff_ids]));
  const users = new Map<string, number>();
  for (const layers of layersOf.values()) {
    for (const layer of new Set(layers)) users.set(layer, (users.get(layer) ?? 0) + 1);
  }
  const sizes = new Map(
    [...users.keys()].map((layer) => [layer, readLayerRecord(ctx, layer)?.diffSize ?? 0]),
  );
  const sum = (layers: Iterable<string>) =>
    [...layers].reduce((all, layer) => all + (sizes.get(layer) ?? 0), 0);
  const images = index.flatMap(([id, entry]) => {
    const layers = [...new Set(layersOf.get(id))];
    const sharedSize = sum(layers.filter((layer) => (users.get(layer) ?? 0) > 1));
    const size = sum(layers);
    const common = {
      id,
      created: entry.created || entry.storedAt,
      size,
      sharedSize,
      uniqueSize: size - sharedSize,
      containers: containersOf(id),
    };
    return (entry.names.length > 0 ? entry.names : ["<none>:<none>"]).map((name) => ({
      repository: name.slice(0, name.lastIndexOf(":")),
      tag: name.slice(name.lastIndexOf(":") + 1),
      ...common,
    }));
  });
  return { images, imagesSize: sum(users.keys()) };
}

/** Bytes of the files below it. */
export function directorySize(ctx: Context, directory: string): number {
  return JSON.parse(runNative(ctx, "coracle-layer", ["usage", directory]).toString()).bytes as number;
}
