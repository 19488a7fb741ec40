import type { Structs } from "./template/types.ts";

/** The Go types behind what `inspect` shows of an image. */
export const imageType = "*inspect.ImageData";

export const imageStructs: Structs = {
  "struct {}": "",
  "inspect.ImageData":
    "ID string Id, Digest digest.Digest, RepoTags []string, RepoDigests []string, Parent string, Comment string," +
    "Created *time.Time, Config *v1.ImageConfig, Version string, Author string, Architecture string, Os string," +
    "Size int64, VirtualSize int64, GraphDriver *define.DriverData, RootFS *inspect.RootFS," +
    "Labels map[string]string, Annotations map[string]string, ManifestType string, User string," +
    "History []v1.History, NamesHistory []string, HealthCheck *manifest.Schema2HealthConfig Healthcheck",
  "v1.ImageConfig":
    "User string, ExposedPorts map[string]struct {}, Env []string, Entrypoint []string, Cmd []string," +
    "Volumes map[string]struct {}, WorkingDir string, Labels map[string]string, StopSignal string, ArgsEscaped bool",
  "define.DriverData": "Name string, Data map[string]string",
  "inspect.RootFS": "Type string, Layers []digest.Digest",
  "v1.History":
    "Created *time.Time created, CreatedBy string created_by, Author string author, Comment string comment," +
    "EmptyLayer bool empty_layer",
  "manifest.Schema2HealthConfig":
    "Test []string, StartPeriod time.Duration, Interval time.Duration, Timeout time.Duration, Retries int",
};

/** The same of a volume. */
export const volumeType = "*define.InspectVolumeData";

export const volumeStructs: Structs = {
  "define.InspectVolumeData":
    "Name string, Driver string, Mountpoint string, CreatedAt time.Time, Status map[string]interface {}," +
    "Labels map[string]string, Scope string, Options map[string]string, UID int, GID int, Anonymous bool," +
    "MountCount uint, NeedsCopyUp bool, NeedsChown bool, Timeout uint, StorageID string, LockNumber uint32",
};
