/** `.container` files: a service that runs a container. */
import { reasonOf } from "../../errors.ts";
import { joinCsv, parseCsv } from "../csv.ts";
import { commonKeys, type FlagTable, pairFlags, programWords, tableFlags, tableKeys } from "./flags.ts";
import { containerName } from "./references.ts";
import type { UnitFile } from "./unit-file.ts";
import { userNamespaceFlags, userNamespaceKeys } from "./user-namespace.ts";
import { joinWords } from "./words.ts";
import type { Work } from "./work.ts";

const GROUP = "Container";

const flags: FlagTable = {
  strings: {
    Timezone: "--tz",
    PidsLimit: "--pids-limit",
    ShmSize: "--shm-size",
    WorkingDir: "--workdir",
    IP: "--ip",
    IP6: "--ip6",
    HostName: "--hostname",
    LogDriver: "--log-driver",
    StopSignal: "--stop-signal",
    StopTimeout: "--stop-timeout",
    Pull: "--pull",
    Memory: "--memory",
    Retry: "--retry",
    RetryDelay: "--retry-delay",
  },
  lists: {
    NetworkAlias: "--network-alias",
    Ulimit: "--ulimit",
    DNS: "--dns",
    DNSOption: "--dns-option",
    DNSSearch: "--dns-search",
    GroupAdd: "--group-add",
    AddHost: "--add-host",
    Tmpfs: "--tmpfs",
  },
  booleans: {
    RunInit: "--init",
    EnvironmentHost: "--env-host",
    ReadOnlyTmpfs: "--read-only-tmpfs",
    ReadOnly: "--read-only",
    HttpProxy: "--http-proxy",
  },
  names: { Sysctl: "--sysctl", LogOpt: "--log-opt" },
};

const health: FlagTable = {
  strings: Object.fromEntries(
    [
      ...["cmd", "interval", "on-failure", "log-destination", "max-log-count", "max-log-size", "retries"],
      ...["start-period", "timeout", "startup-cmd", "startup-interval", "startup-retries"],
      ...["startup-success", "startup-timeout"],
    ].map((name) => [
      `Health${name.replace(/(^|-)(.)/g, (_, _dash, first: string) => first.toUpperCase())}`,
      `--health-${name}`,
    ]),
  ),
};

const labels: Record<string, string> = {
  SecurityLabelType: "type",
  SecurityLabelFileType: "filetype",
  SecurityLabelLevel: "level",
};

/** Mounts of these types have a source, which may be relative to the file, or another file. */
const SOURCED_MOUNTS = ["volume", "bind", "glob", "image", "artifact"];

export const containerRefusals = ["Pod", "StartWithPod"];

export const containerKeys = [
  ...commonKeys,
  ...tableKeys(flags),
  ...tableKeys(health),
  ...userNamespaceKeys,
  ...Object.keys(labels),
  ...[
    "AddCapability",
    "AddDevice",
    "Annotation",
    "AppArmor",
    "AutoUpdate",
    "CgroupsMode",
    "ContainerName",
    "Entrypoint",
  ],
  ...[
    "DropCapability",
    "Environment",
    "EnvironmentFile",
    "Exec",
    "ExposeHostPort",
    "Group",
    "Image",
    "Label",
  ],
  ...["Mask", "Mount", "Network", "NoNewPrivileges", "Notify", "PublishPort"],
  ...["ReloadCmd", "ReloadSignal", "Rootfs", "SeccompProfile", "Secret", "SecurityLabelDisable"],
  ...["SecurityLabelNested", "Unmask", "User", "VolatileTmp", "Volume"],
];

export function convertContainer(work: Work): void {
  const { unit, service } = work;
  const program = programWords(work.program, unit, "container");
  const image = imageOf(work);
  const name = containerName(unit);
  killMode(work);
  service.add("Service", "Environment", "PODMAN_SYSTEMD_UNIT=%n");
  service.add("Service", "Delegate", "yes");
  // The second is for a monitor that was killed: then only ExecStopPost runs. It finds nothing when the first has run.
  const remove = ["rm", "-v", "-f", "-i", name];
  service.add("Service", "ExecStop", joinWords([...program, ...remove]));
  service.add("Service", "ExecStopPost", `-${joinWords([...program, ...remove])}`);
  reload(work, program, name);
  const words = [
    ...[...program, "run", "--name", name, "--replace", "--rm"],
    ...cgroupFlags(work),
    ...entrypointFlags(work),
    ...tableFlags(unit, GROUP, flags),
    ...networkFlags(work),
    ...notifyFlags(work),
    ...securityFlags(work),
    ...userFlags(work),
    ...userNamespaceFlags(unit, GROUP),
    ...volumeFlags(work),
    ...dataFlags(work),
    ...mountFlags(work),
    ...tableFlags(unit, GROUP, health),
    ...unit.words(GROUP, "PodmanArgs"),
    ...image,
    ...unit.lastWords(GROUP, "Exec"),
  ];
  service.add("Service", "ExecStart", joinWords(words));
  service.setDefault("Service", "SyslogIdentifier", "%N");
}

function imageOf({ unit, references }: Work): string[] {
  const image = unit.get(GROUP, "Image");
  const rootfs = unit.get(GROUP, "Rootfs");
  if (image !== undefined && rootfs !== undefined) {
    throw unit.error("the Image And Rootfs keys conflict can not be specified together", GROUP, "Rootfs");
  }
  if (rootfs !== undefined) return ["--rootfs", rootfs];
  if (image === undefined) throw unit.error("no Image or Rootfs key specified");
  if (image.endsWith(".build")) throw unit.error(".build files are not supported yet", GROUP, "Image");
  return [references.use(image, ["image"], GROUP, "Image", "image") ?? image];
}

/** Others would kill the monitor before the container. */
function killMode({ unit, service }: Work): void {
  const mode = unit.get("Service", "KillMode");
  if (mode !== undefined && mode !== "mixed" && mode !== "control-group") {
    throw unit.error(`invalid KillMode '${mode}'`, "Service", "KillMode");
  }
  service.setDefault("Service", "KillMode", "mixed");
}

function reload({ unit, service }: Work, program: readonly string[], name: string): void {
  const command = unit.lastWords(GROUP, "ReloadCmd");
  const signal = unit.get(GROUP, "ReloadSignal");
  if (command.length > 0 && signal !== undefined) {
    throw unit.error(
      "ReloadCmd and ReloadSignal are mutually exclusive but both are set",
      GROUP,
      "ReloadSignal",
    );
  }
  if (command.length > 0) {
    service.add("Service", "ExecReload", joinWords([...program, "exec", name, ...command]));
  } else if (signal !== undefined) {
    service.add("Service", "ExecReload", joinWords([...program, "kill", "--signal", signal, name]));
  }
}

function cgroupFlags({ unit }: Work): string[] {
  const mode = unit.get(GROUP, "CgroupsMode");
  return mode === undefined ? ["--cgroups=split"] : ["--cgroups", mode];
}

/** None at all is something to ask for, too. */
function entrypointFlags({ unit }: Work): string[] {
  return unit.has(GROUP, "Entrypoint") ? [`--entrypoint=${unit.get(GROUP, "Entrypoint") ?? ""}`] : [];
}

function networkFlags({ unit, references }: Work): string[] {
  return unit.all(GROUP, "Network").flatMap((value) => {
    const [name, ...options] = value.split(":") as [string, ...string[]];
    const container = references.use(name, ["container"], GROUP, "Network");
    if (container !== undefined) {
      if (options.length === 0) return ["--network", `container:${container}`];
      const problem = "extra options are not supported when joining another container's network";
      throw unit.error(problem, GROUP, "Network");
    }
    const network = references.use(name, ["network"], GROUP, "Network") ?? name;
    return ["--network", [network, ...options].join(":")];
  });
}

function notifyFlags({ unit, service }: Work): string[] {
  const type = unit.get("Service", "Type");
  if (type === "oneshot") return [];
  if (type !== undefined && type !== "notify") {
    throw unit.error(`invalid service Type '${type}'`, "Service", "Type");
  }
  service.set("Service", "Type", "notify");
  service.set("Service", "NotifyAccess", "all");
  const isHealthy = unit.get(GROUP, "Notify")?.toLowerCase() === "healthy";
  const whose = isHealthy ? "healthy" : unit.boolean(GROUP, "Notify") ? "container" : "conmon";
  return [`--sdnotify=${whose}`, "-d"];
}

function securityFlags({ unit, exists }: Work): string[] {
  const words: string[] = [];
  const option = (value: string) => words.push("--security-opt", value);
  if (unit.boolean(GROUP, "NoNewPrivileges")) words.push("--security-opt=no-new-privileges");
  if (unit.boolean(GROUP, "SecurityLabelDisable")) option("label=disable");
  if (unit.boolean(GROUP, "SecurityLabelNested")) option("label=nested");
  for (const [key, name] of Object.entries(labels)) {
    const value = unit.get(GROUP, key);
    if (value !== undefined) option(`label=${name}:${value}`);
  }
  for (const device of unit.names(GROUP, "AddDevice")) {
    // "-": only if it is there.
    const path = device.replace(/^-/, "");
    if (path === device || exists(path.split(":")[0] as string)) words.push("--device", path);
  }
  for (const [key, name] of [
    ["SeccompProfile", "seccomp"],
    ["AppArmor", "apparmor"],
  ] as const) {
    const value = unit.get(GROUP, key);
    if (value !== undefined) option(`${name}=${value}`);
  }
  for (const name of unit.names(GROUP, "DropCapability")) words.push("--cap-drop", name.toLowerCase());
  for (const name of unit.names(GROUP, "AddCapability")) words.push("--cap-add", name.toLowerCase());
  for (const paths of unit.words(GROUP, "Mask")) option(`mask=${paths}`);
  for (const paths of unit.words(GROUP, "Unmask")) option(`unmask=${paths}`);
  if (unit.boolean(GROUP, "VolatileTmp") && !unit.boolean(GROUP, "ReadOnly")) {
    words.push("--tmpfs", "/tmp:rw,size=512M,mode=1777");
  }
  return words;
}

function userFlags({ unit }: Work): string[] {
  const user = unit.get(GROUP, "User");
  const group = unit.get(GROUP, "Group");
  if (user === undefined && group !== undefined) {
    throw unit.error("invalid Group set without User", GROUP, "Group");
  }
  return user === undefined ? [] : ["--user", group === undefined ? user : `${user}:${group}`];
}

function volumeFlags({ unit, references }: Work): string[] {
  return unit.all(GROUP, "Volume").flatMap((volume) => {
    const [source, ...rest] = volume.split(":") as [string, ...string[]];
    if (rest.length === 0) return ["-v", source];
    return ["-v", [references.storage(source, ["volume"], "Volume"), ...rest].join(":")];
  });
}

/** Labels, ports, environment, secrets. */
function dataFlags({ unit, references }: Work): string[] {
  const update = unit.get(GROUP, "AutoUpdate");
  return [
    ...(update === undefined ? [] : ["--label", `io.containers.autoupdate=${update}`]),
    ...unit.all(GROUP, "ExposeHostPort").flatMap((port) => {
      if (/^\d+(-\d+)?(\/(udp|tcp|sctp))?$/.test(port)) return ["--expose", port];
      throw unit.error(`invalid port format '${port}'`, GROUP, "ExposeHostPort");
    }),
    ...unit.all(GROUP, "PublishPort").flatMap((port) => ["--publish", port]),
    ...pairFlags(unit, GROUP, "Environment", "--env"),
    ...pairFlags(unit, GROUP, "Label", "--label"),
    ...pairFlags(unit, GROUP, "Annotation", "--annotation"),
    ...unit.words(GROUP, "EnvironmentFile").flatMap((file) => ["--env-file", references.path(file)]),
    ...unit.words(GROUP, "Secret").flatMap((secret) => ["--secret", secret]),
  ];
}

/** Sources of mounts may be other files' volumes and images. */
function mountFlags({ unit, references }: Work): string[] {
  return unit.words(GROUP, "Mount").flatMap((mount) => {
    const fields = mountFields(unit, mount);
    if (!fields.some((field) => field.includes("="))) {
      throw unit.error(`invalid quadlet mount format '${mount}'`, GROUP, "Mount");
    }
    const given = fields.findLast((field) => field.startsWith("type="));
    const type = given?.slice("type=".length) ?? "volume";
    if (!SOURCED_MOUNTS.includes(type)) return ["--mount", mount];
    const sourceOf = (field: string) => /^(?:source|src)=(.+)$/s.exec(field)?.[1];
    if (type !== "volume" && !fields.some(sourceOf)) {
      throw unit.error(`source parameter is required for mount type ${type}`, GROUP, "Mount");
    }
    const resolved = fields
      .filter((field) => !field.startsWith("type="))
      .map((field) => {
        const source = sourceOf(field);
        return source
          ? `source=${references.storage(source, ["volume", "image", "artifact"], "Mount")}`
          : field;
      });
    return ["--mount", joinCsv([`type=${type}`, ...resolved])];
  });
}

function mountFields(unit: UnitFile, mount: string): string[] {
  try {
    return parseCsv(mount);
  } catch (error) {
    throw unit.error(reasonOf(error), GROUP, "Mount");
  }
}
