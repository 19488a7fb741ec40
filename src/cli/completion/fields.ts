import { infoStructs } from "../info.ts";
import { containerStructs } from "../inspect-container-types.ts";
import { imageStructs } from "../inspect-types.ts";
import { networkStructs } from "../network-report.ts";
import { fieldNames, type Structs } from "../template/types.ts";
import { type Completion, noFiles, noSpace, nothing, words } from "./completion.ts";

/** A type that is known, or the names of a row's fields, with a dot behind those that have some of their own. */
type Fields = readonly [type: string, structs: Structs] | string;

const labelled = "Labels. Mountpoint Name";

/** What templates may name, by command; others have --format for `json` alone. */
const fields: Readonly<Record<string, Fields>> = {
  ps:
    "AutoRemove CGROUPNS CIDFile Cgroup Command Created CreatedAt CreatedHuman ExitCode Exited ExitedAt ExposedPorts ID IPC " +
    "Image ImageID IsInfra Label Labels. MNT Mounts NET Names Namespaces. Networks PIDNS Pid Pod PodName Ports Restarts " +
    "RunningFor Size StartedAt State Status USERNS UTS",
  images:
    "Containers Created CreatedAt CreatedSince CreatedTime Dangling Digest History ID Id Labels. Names ParentId ReadOnly " +
    "RepoDigests RepoTags Repository SharedSize Size Tag VirtualSize",
  "volume ls": `Anonymous CreatedAt. Driver LockNumber MountCount NeedsChown NeedsCopyUp Options. Scope ${labelled}`,
  "volume inspect": `Anonymous CreatedAt. Driver LockNumber MountCount NeedsChown NeedsCopyUp Options. Scope ${labelled}`,
  "network ls": ["network.ListPrintReports", networkStructs],
  "network inspect": ["types.NetworkInspectReport", networkStructs],
  "secret ls": "CreatedAt Driver ID Name UpdatedAt",
  "secret inspect": "CreatedAt. ID SecretData Spec. UpdatedAt.",
  "system df": "Active RawReclaimable RawSize Reclaimable Size Total Type",
  stats:
    "AVGCPU AvgCPU BlockIO BlockInput BlockOutput CPU CPUNano CPUPerc CPUSystemNano ContainerID ContainerStats. Duration ID MemLimit MemPerc " +
    "MemUsage MemUsageBytes Name NetIO NetInput NetOutput Network PIDS PIDs PerCPU SystemNano Up UpTime",
  history: "Comment Created CreatedAt CreatedBy CreatedSince ID Size Tags",
  search: "Automated Description Index Name Official Stars Tag",
  events:
    "Attributes. ContainerExitCode Details. Error HealthStatus ID Image Name Network PodID Status Time TimeNano Type",
  "auto-update": "Container ContainerID ContainerName Image Policy Unit Updated",
  "artifact ls": "Created CreatedAt Digest Repository Size Tag VirtualSize",
  "quadlet list": "App Name Path Status UnitName",
  info: ["define.Info", infoStructs],
  version: ["types.SystemVersionReport", infoStructs],
  inspect: ["define.InspectContainerData", containerStructs],
  "container inspect": ["define.InspectContainerData", containerStructs],
  "image inspect": ["inspect.ImageData", imageStructs],
};

/** `json`, or the fields that may stand behind the last dot of a template. */
export function completeFormat(command: string, current: string): Completion {
  if ("json".startsWith(current)) return words(["json"]);
  const known = fields[command];
  const place = /\{\{[^{]*?\.((?:\w+\.)*)(\w*)$/.exec(current);
  if (known === undefined || place === null) return nothing;
  const path = (place[1] ?? "").split(".").filter((name) => name !== "");
  const names = typeof known === "string" ? rowFields(known, path) : fieldNames(...known, path);
  const before = current.slice(0, current.lastIndexOf(".") + 1);
  const candidates = names.map((name) => ({ value: before + name + (name.endsWith(".") ? "" : "}}") }));
  return { candidates, directive: noSpace | noFiles };
}

function rowFields(names: string, path: readonly string[]): string[] {
  return path.length === 0 ? names.split(" ") : [];
}
