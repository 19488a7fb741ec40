import { goValue, type Structs } from "./template/types.ts";

const program = "Package string package, Path string path, Version string version";
const helper = "Executable string executable, Package string package, Version string version";

/** The Go types behind what `info` shows. */
export const infoStructs: Structs = {
  "define.Info":
    "Host *define.HostInfo host, Store *define.StoreInfo store, Registries map[string]interface{} registries," +
    "Plugins define.Plugins plugins, Version define.Version version",
  "define.HostInfo":
    "Arch string arch, BuildahVersion string buildahVersion, CgroupManager string cgroupManager," +
    "CgroupsVersion string cgroupVersion, CgroupControllers []string cgroupControllers," +
    "Conmon *define.ConmonInfo conmon, CPUs int cpus, CPUUtilization *define.CPUUsage cpuUtilization," +
    "DatabaseBackend string databaseBackend, Distribution define.DistributionInfo distribution," +
    "EventLogger string eventLogger, FreeLocks *uint32 freeLocks, Hostname string hostname," +
    "IDMappings define.IDMappings idMappings, Kernel string kernel, LogDriver string logDriver," +
    "MemFree int64 memFree, MemTotal int64 memTotal, NetworkBackend string networkBackend," +
    "NetworkBackendInfo types.NetworkInfo networkBackendInfo, OCIRuntime *define.OCIRuntimeInfo ociRuntime," +
    "OS string os, RemoteSocket *define.RemoteSocket remoteSocket, RootlessNetworkCmd string rootlessNetworkCmd," +
    "RuntimeInfo map[string]interface{} runtimeInfo, ServiceIsRemote bool serviceIsRemote," +
    "Security define.SecurityInfo security, Slirp4NetNS define.SlirpInfo slirp4netns," +
    "Pasta define.PastaInfo pasta, SwapFree int64 swapFree, SwapTotal int64 swapTotal, Uptime string uptime," +
    "Variant string variant, Linkmode string linkmode, EmulatedArchitectures []string emulatedArchitectures",
  "define.SecurityInfo":
    "AppArmorEnabled bool apparmorEnabled, DefaultCapabilities string capabilities, Rootless bool rootless," +
    "SECCOMPEnabled bool seccompEnabled, SECCOMPProfilePath string seccompProfilePath," +
    "SELinuxEnabled bool selinuxEnabled",
  "define.RemoteSocket": "Path string path, Exists bool exists",
  "define.SlirpInfo": helper,
  "define.PastaInfo": helper,
  "define.IDMappings": "GIDMap []idtools.IDMap gidmap, UIDMap []idtools.IDMap uidmap",
  "idtools.IDMap": "ContainerID int container_id, HostID int host_id, Size int size",
  "define.DistributionInfo":
    "Distribution string distribution, Variant string variant, Version string version, Codename string codename",
  "define.ConmonInfo": program,
  "define.OCIRuntimeInfo": `Name string name, ${program}`,
  "types.NetworkInfo":
    "Backend string backend, Version string version, Package string package, Path string path," +
    "DNS types.DNSNetworkInfo dns",
  "types.DNSNetworkInfo": "Version string version, Package string package, Path string path",
  "define.StoreInfo":
    "ConfigFile string configFile, ContainerStore define.ContainerStore containerStore," +
    "GraphDriverName string graphDriverName, GraphOptions map[string]interface{} graphOptions," +
    "GraphRoot string graphRoot, GraphRootAllocated uint64 graphRootAllocated," +
    "GraphRootUsed uint64 graphRootUsed, GraphStatus map[string]string graphStatus," +
    "ImageCopyTmpDir string imageCopyTmpDir, ImageStore define.ImageStore imageStore, RunRoot string runRoot," +
    "VolumePath string volumePath, TransientStore bool transientStore",
  "define.ImageStore": "Number int number",
  "define.ContainerStore": "Number int number, Paused int paused, Running int running, Stopped int stopped",
  "define.Plugins":
    "Volume []string volume, Network []string network, Log []string log, Authorization []string authorization",
  "define.CPUUsage":
    "UserPercent float64 userPercent, SystemPercent float64 systemPercent, IdlePercent float64 idlePercent",
  "define.Version":
    "APIVersion string, Version string, GoVersion string, GitCommit string, BuiltTime string, Built int64," +
    "BuildOrigin string, OsArch string, Os string",
  "types.SystemVersionReport": "Client *define.Version, Server *define.Version",
};

/** `info` as its templates see it: `{{.Host.CPUs}}`, where JSON says `host.cpus`. */
export function infoFields(info: object): object {
  return goValue(info, "*define.Info", infoStructs) as object;
}

/** `version` as its templates see it. */
export function versionFields(report: object): { Client: object } {
  return goValue(report, "*types.SystemVersionReport", infoStructs) as { Client: object };
}
