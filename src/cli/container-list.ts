import type { ContainerSummary } from "../engine/container/list.ts";
import type { Context } from "../host/context.ts";
import type { PortMapping } from "../oci/container.ts";
import { print, printLine } from "./output.ts";
import { formatTable } from "./table.ts";
import { humanDuration, humanTimeSince } from "./units.ts";

export interface ListOptions {
  all: boolean;
  filter: string[];
  format: string | undefined;
  last: number;
  latest: boolean;
  noheading: boolean;
  noTrunc: boolean;
  quiet: boolean;
  size: boolean;
  sort: string;
}

const shown = new Set(["running", "paused", "stopping", "restarting"]);

/** What `ps` prints. */
export async function showContainers(
  _ctx: Context,
  containers: ContainerSummary[],
  options: ListOptions,
): Promise<void> {
  const last = options.latest ? 1 : options.last;
  const everything = options.all || last > 0 || options.filter.length > 0;
  const listed = containers
    .filter(({ status }) => everything || shown.has(status.state))
    .slice(0, last > 0 ? last : undefined);
  if (options.quiet) {
    for (const { record } of listed) printLine(options.noTrunc ? record.id : record.id.slice(0, 12));
    return;
  }
  const header = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
  const rows = listed.map((container) => row(container, options.noTrunc));
  print(formatTable([...(options.noheading ? [] : [header]), ...rows]));
}

function row(container: ContainerSummary, noTrunc: boolean): string[] {
  const { record } = container;
  const command = [...record.config.entrypoint, ...record.config.command].join(" ");
  return [
    noTrunc ? record.id : record.id.slice(0, 12),
    record.config.image?.name ?? record.config.rootfs ?? "",
    noTrunc || command.length <= 20 ? command : `${command.slice(0, 17)}...`,
    humanTimeSince(record.createdAt),
    statusText(container),
    portsText(record.config.ports),
    record.name,
  ];
}

/** `Up 2 minutes`, `Exited (0) 3 seconds ago`, … */
export function statusText({ status }: ContainerSummary): string {
  const { state, last } = status;
  const since = (time: string | null | undefined) => humanDuration(Date.now() - Date.parse(time ?? ""));
  switch (state) {
    case "created":
      return "Created";
    case "initialized":
      return "Initialized";
    case "exited":
      return `Exited (${last?.exitCode ?? 0}) ${since(last?.finishedAt)} ago`;
    case "paused":
      return "Paused";
    case "restarting":
      return "Restarting";
    default:
      return `Up ${since(last?.startedAt)}${state === "stopping" ? " (stopping)" : ""}`;
  }
}

/** `0.0.0.0:8080->80/tcp`, neighbours joined. */
export function portsText(ports: PortMapping[]): string {
  return ports
    .map((port) => `${port.hostIp || "0.0.0.0"}:${port.hostPort}->${port.containerPort}/${port.protocol}`)
    .join(", ");
}
