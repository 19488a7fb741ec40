import { goFields } from "./go-fields.ts";

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
  return goFields(value, goNames, maps);
}
