import type { Structs } from "./template/types.ts";

/** The Go types behind what `inspect` shows of a container; its network settings go by their values. */
export const containerType = "*define.InspectContainerData";

export const containerStructs: Structs = {
  "struct {}": "",
  "define.InspectContainerData":
    "ID string Id, Created time.Time, Path string, Args []string, State *define.InspectContainerState, Image string," +
    "ImageDigest string, ImageName string, Rootfs string, Pod string, ResolvConfPath string, HostnamePath string," +
    "HostsPath string, StaticDir string, OCIConfigPath string, OCIRuntime string, ConmonPidFile string, PidFile string," +
    "Name string, RestartCount int32, Driver string, MountLabel string, ProcessLabel string, AppArmorProfile string," +
    "EffectiveCaps []string, BoundingCaps []string, ExecIDs []string, GraphDriver *define.DriverData," +
    "SizeRw *int64, SizeRootFs int64, Mounts []define.InspectMount, Dependencies []string," +
    "NetworkSettings interface{}, Namespace string, IsInfra bool, IsService bool," +
    "KubeExitCodePropagation string, LockNumber uint32 lockNumber," +
    "Config *define.InspectContainerConfig, HostConfig *define.InspectContainerHostConfig, UseImageHosts bool," +
    "UseImageHostname bool",
  "define.InspectContainerState":
    "OciVersion string, Status string, Running bool, Paused bool, Restarting bool, OOMKilled bool, Dead bool, Pid int," +
    "ConmonPid int, ExitCode int32, Error string, StartedAt time.Time, FinishedAt time.Time," +
    "Health *define.HealthCheckResults, Checkpointed bool, CgroupPath string, CheckpointedAt time.Time," +
    "RestoredAt time.Time, CheckpointLog string, CheckpointPath string, RestoreLog string, Restored bool," +
    "StoppedByUser bool",
  "define.HealthCheckResults": "Status string, FailingStreak int, Log []define.HealthCheckLog",
  "define.HealthCheckLog": "Start string, End string, ExitCode int, Output string",
  "define.DriverData": "Name string, Data map[string]string",
  "define.InspectMount":
    "Type string, Name string, Source string, Destination string, Driver string, Mode string, Options []string, RW bool," +
    "Propagation string, SubPath string",
  "define.InspectContainerConfig":
    "Hostname string, DomainName string Domainname, User string, AttachStdin bool, AttachStdout bool, AttachStderr bool," +
    "Tty bool, OpenStdin bool, StdinOnce bool, Env []string, Cmd []string, Image string, Volumes map[string]struct{}," +
    "WorkingDir string, Entrypoint []string, OnBuild *string, Labels map[string]string, Annotations map[string]string," +
    "StopSignal string, Healthcheck *manifest.Schema2HealthConfig, HealthcheckOnFailureAction string," +
    "HealthLogDestination string, HealthMaxLogCount uint HealthcheckMaxLogCount," +
    "HealthMaxLogSize uint HealthcheckMaxLogSize, StartupHealthCheck *define.StartupHealthCheck," +
    "CreateCommand []string, Timezone string, SystemdMode bool, Umask string, Secrets []*define.InspectSecret," +
    "Timeout uint, StopTimeout uint, Passwd *bool, ChrootDirs []string, SdNotifyMode string sdNotifyMode," +
    "SdNotifySocket string sdNotifySocket, ExposedPorts map[string]struct{}",
  "manifest.Schema2HealthConfig":
    "Test []string, StartPeriod time.Duration, Interval time.Duration, Timeout time.Duration, Retries int",
  "define.StartupHealthCheck": "+manifest.Schema2HealthConfig, Successes int",
  "define.InspectSecret": "Name string, ID string, UID uint32, GID uint32, Mode uint32",
  "define.InspectContainerHostConfig":
    "Binds []string, CgroupManager string, CgroupMode string, ContainerIDFile string, LogConfig *define.InspectLogConfig," +
    "NetworkMode string, PortBindings map[string][]define.InspectHostPort, RestartPolicy *define.InspectRestartPolicy," +
    "AutoRemove bool, AutoRemoveImage bool, Annotations map[string]string, VolumeDriver string, VolumesFrom []string," +
    "CapAdd []string, CapDrop []string, Dns []string, DnsOptions []string, DnsSearch []string, ExtraHosts []string," +
    "HostsFile string, GroupAdd []string, IpcMode string, Cgroup string, Cgroups string, Links []string, OomScoreAdj int," +
    "PidMode string, Privileged bool, PublishAllPorts bool, ReadonlyRootfs bool, SecurityOpt []string," +
    "Tmpfs map[string]string, UTSMode string, UsernsMode string, IDMappings *define.InspectIDMappings, ShmSize int64," +
    "Runtime string, ConsoleSize []uint, Isolation string, CpuShares uint64, Memory int64, NanoCpus int64," +
    "CgroupParent string, BlkioWeight uint16, BlkioWeightDevice []define.InspectBlkioWeightDevice," +
    "BlkioDeviceReadBps []define.InspectBlkioThrottleDevice, BlkioDeviceWriteBps []define.InspectBlkioThrottleDevice," +
    "BlkioDeviceReadIOps []define.InspectBlkioThrottleDevice, BlkioDeviceWriteIOps []define.InspectBlkioThrottleDevice," +
    "CpuPeriod uint64, CpuQuota int64, CpuRealtimePeriod uint64, CpuRealtimeRuntime int64, CpusetCpus string," +
    "CpusetMems string, Devices []define.InspectDevice, DiskQuota uint64, KernelMemory int64, MemoryReservation int64," +
    "MemorySwap int64, MemorySwappiness int64, OomKillDisable bool, Init bool, PidsLimit int64," +
    "Ulimits []define.InspectUlimit, CpuCount uint64, CpuPercent uint64, IOMaximumIOps uint64," +
    "IOMaximumBandwidth uint64, CgroupConf map[string]string",
  "define.InspectLogConfig": "Type string, Config map[string]string, Path string, Tag string, Size string",
  "define.InspectRestartPolicy": "Name string, MaximumRetryCount uint",
  "define.InspectHostPort": "HostIP string HostIp, HostPort string",
  "define.InspectIDMappings": "UIDMap []string UidMap, GIDMap []string GidMap",
  "define.InspectBlkioWeightDevice": "Path string, Weight uint16",
  "define.InspectBlkioThrottleDevice": "Path string, Rate uint64",
  "define.InspectDevice": "PathOnHost string, PathInContainer string, CgroupPermissions string",
  "define.InspectUlimit": "Name string, Soft int64, Hard int64",
};
