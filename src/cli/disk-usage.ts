import type { ContainerUsage, DiskUsage, ImageUsage, VolumeUsage } from "../engine/system/disk-usage.ts";
import { humanDuration, humanSize } from "../oci/human-units.ts";
import { asksForJson, formatRows, withJson } from "./report.ts";

/** What `system df` prints. */

interface Summary {
  Type: string;
  Total: number;
  Active: number;
  RawSize: number;
  RawReclaimable: number;
  Size: string;
  Reclaimable: string;
}

export function diskUsageSummary(usage: DiskUsage, format: string | undefined): string {
  const rows = [images(usage), containers(usage.containers), volumes(usage.volumes)];
  if (asksForJson(format)) return `${JSON.stringify(rows.map(jsonOf), null, 4)}\n`;
  const shown = rows.map((row) => withJson(row, () => jsonOf(row)));
  return formatRows(shown, {
    name: "df",
    type: "*system.dfSummary",
    format,
    columns: "{{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
  });
}

/** What unused images take is what is left without those in use: layers are shared. */
function images({ images, imagesSize }: DiskUsage): Summary {
  const distinct = [...new Map(images.map((image) => [image.id, image])).values()];
  const active = distinct.filter((image) => image.containers > 0);
  const used = sum(active, ({ uniqueSize }) => uniqueSize);
  return summary("Images", images.length, active.length, imagesSize, imagesSize - used);
}

function containers(list: ContainerUsage[]): Summary {
  const idle = list.filter(({ state }) => state !== "running");
  const size = ({ rwSize }: ContainerUsage) => rwSize;
  return summary("Containers", list.length, list.length - idle.length, sum(list, size), sum(idle, size));
}

/** A volume counts as active once for each of its containers. */
function volumes(list: VolumeUsage[]): Summary {
  const idle = list.filter(({ links }) => links === 0);
  const size = (volume: VolumeUsage) => volume.size;
  const links = sum(list, (volume) => volume.links);
  return summary("Local Volumes", list.length, links, sum(list, size), sum(idle, size));
}

function summary(type: string, total: number, active: number, size: number, reclaimable: number): Summary {
  const percent = size > 0 ? Math.round((reclaimable / size) * 100) : 0;
  return {
    Type: type,
    Total: total,
    Active: active,
    RawSize: size,
    RawReclaimable: reclaimable,
    Size: humanSize(size),
    Reclaimable: `${humanSize(reclaimable)} (${percent}%)`,
  };
}

/** With a second name for the number, which is Docker's. */
function jsonOf({ Size, Reclaimable, ...row }: Summary): object {
  return { ...row, TotalCount: row.Total, Size, Reclaimable };
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((all, item) => all + value(item), 0);
}

/** --verbose: three tables. */
export function diskUsageTables({ images, containers, volumes }: DiskUsage): string {
  const table = (rows: object[], columns: string, headers: Record<string, string>) =>
    formatRows(rows, { name: "df", format: undefined, columns, headers });
  return [
    "Images space usage:\n",
    table(
      images.map(imageRow),
      "{{.Repository}}\t{{.Tag}}\t{{.ImageID}}\t{{.Created}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
      { ImageID: "IMAGE ID" },
    ),
    "Containers space usage:\n",
    table(
      containers.map(containerRow),
      "{{.ContainerID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.RWSize}}\t{{.Created}}\t{{.Status}}\t{{.Names}}",
      { RWSize: "SIZE" },
    ),
    "Local Volumes space usage:\n",
    table(volumes.map(volumeRow), "{{.VolumeName}}\t{{.Links}}\t{{.Size}}", {}),
  ].join("\n");
}

const age = (created: string) => humanDuration(Date.now() - Date.parse(created));

function imageRow(image: ImageUsage): object {
  return {
    Repository: image.repository,
    Tag: image.tag,
    ImageID: image.id.slice(0, 12),
    Created: age(image.created),
    Size: humanSize(image.size),
    SharedSize: humanSize(image.sharedSize),
    UniqueSize: humanSize(image.uniqueSize),
    Containers: image.containers,
  };
}

function containerRow(container: ContainerUsage): object {
  return {
    ContainerID: container.id.slice(0, 12),
    Image: container.imageId.slice(0, 12),
    Command: container.command.join(" "),
    LocalVolumes: container.localVolumes,
    RWSize: humanSize(container.rwSize),
    Created: age(container.created),
    Status: container.state,
    Names: container.name,
  };
}

function volumeRow(volume: VolumeUsage): object {
  return { VolumeName: volume.name, Links: volume.links, Size: humanSize(volume.size) };
}
