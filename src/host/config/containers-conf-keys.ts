/** The keys of containers.conf(5) that mean something here, by their types. */
export const schema = {
  containers: {
    annotations: "strings",
    apparmor_profile: "string",
    base_hosts_file: "string",
    cgroup_conf: "strings",
    cgroupns: "string",
    cgroups: "string",
    container_name_as_hostname: "bool",
    default_capabilities: "strings",
    default_sysctls: "strings",
    default_ulimits: "strings",
    devices: "strings",
    dns_options: "strings",
    dns_searches: "strings",
    dns_servers: "strings",
    env: "strings",
    env_host: "bool",
    host_containers_internal_ip: "string",
    http_proxy: "bool",
    init: "bool",
    init_path: "string",
    interface_name: "string",
    ipcns: "string",
    keyring: "bool",
    log_driver: "string",
    log_path: "string",
    log_size_max: "int",
    log_tag: "string",
    mounts: "strings",
    netns: "string",
    no_hosts: "bool",
    oom_score_adj: "int",
    pidns: "string",
    pids_limit: "int",
    prepare_volume_on_create: "bool",
    privileged: "bool",
    read_only: "bool",
    seccomp_profile: "string",
    shm_size: "string",
    tz: "string",
    umask: "string",
    userns: "string",
    utsns: "string",
    volumes: "strings",
  },
  engine: {
    add_compression: "strings",
    cdi_spec_dirs: "strings",
    cgroup_manager: "string",
    compression_format: "string",
    compression_level: "int",
    conmon_env_vars: "strings",
    database_backend: "string",
    detach_keys: "string",
    env: "strings",
    events_container_create_inspect_data: "bool",
    events_logfile_max_size: "size",
    events_logfile_path: "string",
    events_logger: "string",
    healthcheck_events: "bool",
    helper_binaries_dir: "strings",
    hooks_dir: "strings",
    image_copy_tmp_dir: "string",
    image_parallel_copies: "int",
    image_volume_mode: "string",
    init_path: "string",
    lock_type: "string",
    multi_image_archive: "bool",
    network_cmd_options: "strings",
    network_cmd_path: "string",
    no_pivot_root: "bool",
    platform_to_oci_runtime: "map",
    pull_policy: "string",
    remote: "bool",
    retry: "int",
    retry_delay: "string",
    runtime: "string",
    runtime_supports_nocgroup: "strings",
    runtimes: "lists",
    runtimes_flags: "lists",
    static_dir: "string",
    stop_timeout: "int",
    tmp_dir: "string",
    volume_path: "string",
    volume_plugins: "map",
  },
  network: {
    default_host_ips: "strings",
    default_network: "string",
    default_rootless_network_cmd: "string",
    default_subnet: "string",
    default_subnet_pools: "pools",
    network_backend: "string",
    network_config_dir: "string",
    pasta_options: "strings",
  },
  secrets: {
    driver: "string",
    opts: "map",
  },
} as const;

/** What means nothing here: pods, machines, services and what is no file of ours. It must have its type all the same. */
export const unused: Record<string, Readonly<Record<string, Kind>>> = {
  containers: {
    label: "bool",
    label_users: "bool",
    userns_size: "int",
  },
  engine: {
    active_service: "string",
    cgroup_check: "bool",
    chown_copied_files: "bool",
    compat_api_enforce_docker_hub: "bool",
    compose_providers: "strings",
    compose_warning_logs: "bool",
    conmon_path: "strings",
    conmonrs_path: "strings",
    enable_port_reservation: "bool",
    exit_command_delay: "int",
    image_build_format: "string",
    image_default_format: "string",
    image_default_transport: "string",
    infra_command: "string",
    infra_image: "string",
    kube_generate_type: "string",
    namespace: "string",
    num_locks: "uint32",
    pod_exit_policy: "string",
    podmansh_timeout: "int",
    remote_identity: "string",
    remote_uri: "string",
    runtime_path: "strings",
    runtime_supports_json: "strings",
    runtime_supports_kvm: "strings",
    service_destinations: "destinations",
    service_timeout: "int",
    ssh_config: "string",
    volume_plugin_timeout: "int",
  },
  network: {
    cni_plugin_dirs: "strings",
    dns_bind_port: "uint16",
    firewall_driver: "string",
    netavark_plugin_dirs: "strings",
  },
  configmaps: { driver: "string", opts: "map" },
  farms: { default: "string", list: "lists" },
  machine: {
    cpus: "int",
    disk_size: "int",
    image: "string",
    memory: "int",
    provider: "string",
    rosetta: "bool",
    user: "string",
    volumes: "strings",
  },
  podmansh: { container: "string", shell: "string", timeout: "int" },
};

export interface Types {
  string: string;
  /** A text like `10m`, or a number of bytes, which is given as text. */
  size: string;
  bool: boolean;
  int: number;
  uint16: number;
  uint32: number;
  /** May say that it is to be appended. */
  strings: string[];
  list: string[];
  /** Names and what stands for each: the paths of a runtime. */
  lists: Record<string, string[]>;
  map: Record<string, string>;
  /** Services of Podman's, and where each is. */
  destinations: Record<string, object>;
  /** Networks, and of which size the parts of each are. */
  pools: { base: string; size: number }[];
}

export type Kind = keyof Types;
type Schema = typeof schema;
type Values<S> = { -readonly [Key in keyof S]?: S[Key] extends Kind ? Types[S[Key]] : never };

/** What containers.conf says; what isn't said is undefined. */
export type ContainersConf = { -readonly [Name in keyof Schema]: Values<Schema[Name]> };
