import { filterContainers, networkNames } from "../engine/container/filter.ts";
import type { ContainerSummary } from "../engine/container/list.ts";
import { networkOwner } from "../engine/container/network-owner.ts";
import { filterLookups } from "../engine/container/select-filtered.ts";
import { containerSize } from "../engine/container/size.ts";
import { namespaceId } from "../engine/container/top.ts";
import type { Context } from "../host/context.ts";
import type { ContainerConfig, MountRequest } from "../oci/container.ts";
import { containerCommand } from "../oci/container-command.ts";
import { humanDuration, humanSize, humanTimeSince } from "../oci/human-units.ts";
import { exposedByPort, portsText, publishedRuns } from "./container-ports.ts";
import { log } from "./log.ts";
import { print, printJson, printLine } from "./output.ts";
import { asksForJson, printRows, withJson } from "./report.ts";
import { GoTime } from "./template/time.ts";
import { goValue } from "./template/types.ts";

export interface ListOptions {
  all: boolean;
  filter: string[];
  format: string | undefined;
  last: number;
  latest: boolean;
  namespace: boolean;
  noheading: boolean;
  noTrunc: boolean;
  pod: boolean;
  quiet: boolean;
  size: boolean;
  sort: string;
}

const defaultColumns =
  "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
const namespaceColumns =
  "{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.CGROUPNS}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}\t{{.PIDNS}}\t{{.USERNS}}\t{{.UTS}}";
const headers = {
  ID: "container id",
  RunningFor: "running for",
  CreatedHuman: "created",
  Cgroup: "cgroupns",
  CGROUPNS: "cgroupns",
  PIDNS: "pidns",
  Pod: "pod id",
  PodName: "podname",
  User: "userns",
  USERNS: "userns",
};

/** What `ps` prints. */
export async function showContainers(
  ctx: Context,
  containers: ContainerSummary[],
  options: ListOptions,
): Promise<void> {
  const last = options.latest ? 1 : options.last;
  const everything = options.all || last > 0 || options.filter.some((filter) => filter.startsWith("status="));
  const listed = sortContainers(
    ctx,
    filterContainers(containers, options.filter, filterLookups(ctx, containers))
      .filter(({ status }) => everything || status.state === "running")
      .slice(0, last > 0 ? last : undefined),
    options.sort,
  );
  if (options.quiet && options.format === undefined) {
    for (const { record } of listed) printLine(shortId(record.id, options.noTrunc));
    return;
  }
  if (asksForJson(options.format)) {
    printJson(
      listed.map((container) => jsonRow(ctx, container, options)),
      2,
    );
    return;
  }
  const columns = options.namespace
    ? namespaceColumns
    : defaultColumns + (options.pod ? "\t{{.Pod}}\t{{.PodName}}" : "") + (options.size ? "\t{{.Size}}" : "");
  if (!options.size && /\{\{[^}]*\.Size\b/.test(options.format ?? "")) {
    for (const _ of listed) log("error", "Size format requires --size option");
  }
  const rows = listed.map((container) =>
    withJson(templateRow(ctx, container, options), () => structRow(ctx, container, options)),
  );
  const format = options.format?.replaceAll(".Namespaces.", ".");
  printRows(
    rows,
    {
      name: "ps",
      type: "containers.psReporter",
      format,
      columns,
      headers,
      noHeading: options.noheading,
    },
    print,
  );
}

const shortId = (id: string, whole: boolean) => (whole ? id : id.slice(0, 12));

function commandOf({ record }: ContainerSummary): string[] {
  return containerCommand(record.config);
}

type Key = (container: ContainerSummary, ctx: Context) => string | number;

const sortKeys: Record<string, Key> = {
  command: (container) => commandOf(container).join(" "),
  created: ({ record }) => record.createdAt,
  id: ({ record }) => record.id,
  image: ({ record }) => record.config.image?.name ?? "",
  names: ({ record }) => record.name,
  runningfor: ({ status }) => seconds(status.last?.startedAt),
  size: ({ record }, ctx) => containerSize(ctx, record).rootFsSize,
  status: ({ status }) => status.state,
};

function sortContainers(ctx: Context, containers: ContainerSummary[], sort: string): ContainerSummary[] {
  const key = sortKeys[sort] as Key;
  // The newest come first; of those that are equal the oldest does.
  const keyed = containers.toReversed().map((container) => ({ container, value: key(container, ctx) }));
  keyed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  return keyed.map(({ container }) => container);
}

const structs = {
  ListContainerNamespaces:
    "MNT string Mnt, Cgroup string, IPC string Ipc, NET string Net, PIDNS string Pidns, UTS string Uts, User string",
};

/** The fields that templates and the table know, as podman-ps(1) lists them. */
function templateRow(ctx: Context, container: ContainerSummary, options: ListOptions): object {
  const { record, status } = container;
  const command = commandOf(container).join(" ");
  const row = jsonRow(ctx, container, options);
  return {
    ...row,
    ID: shortId(record.id, options.noTrunc),
    ImageID: shortId(record.config.image?.id ?? "", options.noTrunc),
    Image: record.config.image?.name ?? record.config.rootfs ?? "",
    Command: options.noTrunc || command.length <= 17 ? command : `${command.slice(0, 17)}...`,
    Created: new GoTime(record.createdAt),
    CreatedAt: new GoTime(record.createdAt).toString(),
    CreatedHuman: humanTimeSince(record.createdAt),
    RunningFor: humanTimeSince(record.createdAt),
    Labels: goValue(labels(container), "map[string]string", {}),
    Label: (name: string) => (Object.hasOwn(record.config.labels, name) ? record.config.labels[name] : ""),
    Names: record.name,
    Networks: networkNames(record.config.network).join(","),
    Ports: portsText(networkOwner(ctx, record).config.ports, record.config.exposed),
    Restarts: status.last?.restartCount ?? 0,
    Size: options.size ? sizeText(ctx, container) : "",
    Status: statusText(container),
    ...namespaces(options.namespace ? status.last?.init?.pid : undefined),
    Namespaces: goValue(row.Namespaces, "ListContainerNamespaces", structs),
  };
}

/** Without any Go has no map. */
function labels({ record }: ContainerSummary): Record<string, string> | null {
  return Object.keys(record.config.labels).length > 0 ? record.config.labels : null;
}

/** What `{{json .}}` shows: not made for people as `--format json` is. */
function structRow(ctx: Context, container: ContainerSummary, options: ListOptions): object {
  const { AutoRemove, Command, Created: _, ...rest } = jsonRow(ctx, container, options);
  const { createdAt: Created } = container.record;
  return { AutoRemove, Command, Created, ...rest, CreatedAt: "", Status: container.health };
}

/** Since the epoch; of what hasn't been, Go's zero time. */
function seconds(time: string | null | undefined): number {
  return time ? Math.floor(Date.parse(time) / 1000) : -62135596800;
}

/** In Podman's order: what the host gives, volumes, overlays, images. */
function mountPoints({ mounts }: ContainerConfig): string[] {
  const kind = ({ type, overlay }: MountRequest) =>
    overlay ? 2 : type === "volume" ? 1 : type === "image" || type === "artifact" ? 3 : 0;
  return mounts.toSorted((a, b) => kind(a) - kind(b)).map((mount) => mount.destination);
}

/** One entry of `ps --format json`, with Podman's keys. */
function jsonRow(ctx: Context, container: ContainerSummary, options: ListOptions) {
  const { record, status } = container;
  const ended = status.state === "exited";
  const { ports } = networkOwner(ctx, record).config;
  return {
    AutoRemove: record.config.autoRemove,
    Command: commandOf(container),
    CreatedAt: humanTimeSince(record.createdAt),
    CIDFile: "",
    Exited: ended,
    ExitedAt: ended ? seconds(status.last?.finishedAt) : -62135596800,
    ExitCode: ended ? (status.last?.exitCode ?? 0) : 0,
    ExposedPorts: exposedByPort(record.config.exposed),
    Id: record.id,
    Image: record.config.image?.name ?? "",
    ImageID: record.config.image?.id ?? "",
    IsInfra: false,
    Labels: labels(container),
    Mounts: mountPoints(record.config),
    Names: [record.name],
    Namespaces: options.namespace ? namespacesJson(status.last?.init?.pid) : {},
    Networks: networkNames(record.config.network),
    Pid: ended ? 0 : (status.last?.init?.pid ?? 0),
    Pod: "",
    PodName: "",
    Ports:
      ports.length > 0
        ? publishedRuns(ports).map((run) => ({
            host_ip: run.hostIp,
            container_port: run.port,
            host_port: run.hostPort,
            range: run.count,
            protocol: run.protocol,
          }))
        : null,
    Restarts: status.last?.restartCount ?? 0,
    Size: options.size ? containerSize(ctx, record) : null,
    StartedAt: seconds(status.last?.startedAt),
    State: status.state,
    Status: statusText(container),
    Created: seconds(record.createdAt),
  };
}

function namespacesJson(pid: number | undefined): Record<string, string> {
  const { MNT, Cgroup, IPC, NET, PIDNS, UTS, User } = namespaces(pid) as Record<string, string>;
  const named = { Mnt: MNT, Cgroup, Ipc: IPC, Net: NET, Pidns: PIDNS, Uts: UTS, User };
  return Object.fromEntries(Object.entries(named).filter(([, id]) => id)) as Record<string, string>;
}

function namespaces(pid: number | undefined): Record<string, string> {
  const files: Record<string, string> = {
    Cgroup: "cgroup",
    CGROUPNS: "cgroup",
    IPC: "ipc",
    MNT: "mnt",
    NET: "net",
    PIDNS: "pid",
    User: "user",
    USERNS: "user",
    UTS: "uts",
  };
  return Object.fromEntries(
    Object.entries(files).map(([field, file]) => [field, pid === undefined ? "" : namespaceId(pid, file)]),
  );
}

function sizeText(ctx: Context, { record }: ContainerSummary): string {
  const { rwSize, rootFsSize } = containerSize(ctx, record);
  return `${humanSize(rwSize, 3)} (virtual ${humanSize(rootFsSize, 3)})`;
}

/** `Up 2 minutes (healthy)`, `Exited (0) 3 seconds ago`, … */
function statusText({ status, health }: Pick<ContainerSummary, "status" | "health">): string {
  return health === "" ? stateText(status) : `${stateText(status)} (${health})`;
}

function stateText({ state, last }: ContainerSummary["status"]): string {
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
