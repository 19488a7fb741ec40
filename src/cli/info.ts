import { isObject } from "./template/values.ts";

/** Fields of `info` whose names in Go are not the ones in JSON with a capital letter. */
const goNames: Record<string, string> = {
  apparmorEnabled: "AppArmorEnabled",
  container_id: "ContainerID",
  capabilities: "DefaultCapabilities",
  cgroupVersion: "CgroupsVersion",
  cpuUtilization: "CPUUtilization",
  cpus: "CPUs",
  dns: "DNS",
  gidmap: "GIDMap",
  host_id: "HostID",
  idMappings: "IDMappings",
  ociRuntime: "OCIRuntime",
  os: "OS",
  seccompEnabled: "SECCOMPEnabled",
  seccompProfilePath: "SECCOMPProfilePath",
  selinuxEnabled: "SELinuxEnabled",
  slirp4netns: "Slirp4NetNS",
  uidmap: "UIDMap",
};
const maps = new Set(["graphOptions", "graphStatus", "registries"]);

/** `info` as its templates see it: `{{.Host.CPUs}}`, where JSON says `host.cpus`. */
export function infoFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(infoFields);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = goNames[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
      return [name, maps.has(key) && isObject(item) ? new Map(Object.entries(item)) : infoFields(item)];
    }),
  );
}
