/** The flags of `run` and `create` (and what `run` has beyond them), with Podman's texts. */

import * as flag from "../flags.ts";
import { descriptorFlags } from "./descriptor-flags.ts";
import { healthFlags } from "./health-flags.ts";
import { unsupportedFlags } from "./unsupported-flags.ts";

const sizeFormat =
  "(format: <number>[<unit>], where unit = b (bytes), k (kibibytes), m (mebibytes), or g (gibibytes))";
const size = "<number>[<unit>]";

const processFlags = {
  entrypoint: flag.string({ description: "Overwrite the default ENTRYPOINT of the image" }),
  env: flag.stringArray({ char: "e", description: "Set environment variables in container" }),
  "env-file": flag.strings({ description: "Read in a file of environment variables" }),
  "env-host": flag.boolean({ description: "Use all current host environment variables in container" }),
  "group-add": flag.strings({
    description:
      "Add additional groups to the primary container process. 'keep-groups' allows container processes to use supplementary groups.",
  }),
  "http-proxy": flag.boolean({
    description: "Set proxy environment variables in the container based on the host proxy vars",
    default: true,
  }),
  init: flag.boolean({
    description: "Run an init binary inside the container that forwards signals and reaps processes",
  }),
  "init-path": flag.string({ description: "Path to the container-init binary", default: "" }),
  interactive: flag.boolean({ char: "i", description: "Keep STDIN open even if not attached" }),
  passwd: flag.boolean({ description: "Add entries to /etc/passwd and /etc/group", default: true }),
  "stop-signal": flag.string({
    description: "Signal to stop a container. Default is SIGTERM",
    default: "",
    completes: "signal",
  }),
  "stop-timeout": flag.uint({
    description:
      "Timeout (in seconds) that containers stopped by user command have to exit. If exceeded, the container will be forcibly stopped via SIGKILL.",
    default: 10,
  }),
  systemd: flag.string({
    description: 'Run container in systemd mode ("true"|"false"|"always")',
    default: "true",
    choices: ["true", "false", "always"],
  }),
  timeout: flag.uint({
    description:
      "Maximum length of time a container is allowed to run. The container will be killed automatically after the time expires.",
    default: 0,
  }),
  tty: flag.boolean({ char: "t", description: "Allocate a pseudo-TTY for container" }),
  tz: flag.string({ description: "Set timezone in container", default: "" }),
  umask: flag.string({ description: "Set umask in container", default: "0022" }),
  unsetenv: flag.stringArray({ description: "Unset environment default variables in container" }),
  "unsetenv-all": flag.boolean({ description: "Unset all default environment variables in container" }),
  user: flag.string({
    char: "u",
    description: "Username or UID (format: <name|uid>[:<group|gid>])",
    default: "",
  }),
  workdir: flag.string({ char: "w", description: "Working directory inside the container", default: "" }),
};

const filesystemFlags = {
  device: flag.strings({ description: "Add a host device to the container" }),
  "image-volume": flag.string({
    description: 'How to handle the builtin image volumes ("bind"|"tmpfs"|"ignore")',
    default: "anonymous",
    choices: ["anonymous", "bind", "tmpfs", "ignore"],
  }),
  mount: flag.stringArray({ description: "Attach a filesystem mount to the container" }),
  "read-only": flag.boolean({ description: "Make containers root filesystem read-only" }),
  "read-only-tmpfs": flag.boolean({
    description:
      "When running --read-only containers mount read-write tmpfs on /dev, /dev/shm, /run, /tmp and /var/tmp",
    default: true,
  }),
  rootfs: flag.boolean({
    description: "The first argument is not an image but the rootfs to the exploded container",
  }),
  "shm-size": flag.string({
    value: size,
    description: `Size of /dev/shm ${sizeFormat}`,
    default: "65536k",
  }),
  tmpfs: flag.stringArray({
    value: "tmpfs",
    description: "Mount a temporary filesystem (tmpfs) into a container",
  }),
  volume: flag.stringArray({ char: "v", description: "Bind mount a volume into the container" }),
};

const securityFlags = {
  "cap-add": flag.strings({ description: "Add capabilities to the container" }),
  "cap-drop": flag.strings({ description: "Drop capabilities from the container" }),
  privileged: flag.boolean({ description: "Give extended privileges to container" }),
  "security-opt": flag.stringArray({ description: "Security Options" }),
  sysctl: flag.strings({ description: "Sysctl options" }),
  ulimit: flag.strings({ description: "Ulimit options" }),
};

const namespaceFlags = {
  cgroupns: flag.string({ description: "cgroup namespace to use", default: "" }),
  ipc: flag.string({ description: "IPC namespace to use", default: "" }),
  pid: flag.string({ description: "PID namespace to use", default: "" }),
  userns: flag.string({ description: "User namespace to use", default: "" }),
  uts: flag.string({ description: "UTS namespace to use", default: "" }),
};

const networkFlags = {
  "add-host": flag.strings({ description: "Add a custom host-to-IP mapping (host:ip)" }),
  dns: flag.strings({ description: "Set custom DNS servers" }),
  "dns-option": flag.strings({ description: "Set custom DNS options", aliases: ["dns-opt"] }),
  "dns-search": flag.strings({ description: "Set custom DNS search domains" }),
  expose: flag.strings({ description: "Expose a port or a range of ports" }),
  hostname: flag.string({ char: "h", description: "Set container hostname", default: "" }),
  network: flag.stringArray({
    description: "Connect a container to a network",
    aliases: ["net"],
    completes: "network",
  }),
  "no-hosts": flag.boolean({
    description: "Do not create /etc/hosts within the container, instead use the version from the image",
  }),
  publish: flag.strings({
    char: "p",
    description: "Publish a container's port, or a range of ports, to the host",
  }),
  "publish-all": flag.boolean({
    char: "P",
    description: "Publish all exposed ports to random ports on the host interface",
  }),
};

const resourceFlags = {
  "blkio-weight": flag.string({
    description: "Block IO weight (relative weight) accepts a weight value between 10 and 1000.",
    default: "",
  }),
  "cgroup-conf": flag.strings({ description: "Configure cgroup v2 (key=value)" }),
  "cgroup-parent": flag.string({ description: "Optional parent cgroup for the container", default: "" }),
  cgroups: flag.string({
    description: 'Control container cgroup configuration ("enabled"|"disabled"|"no-conmon"|"split")',
    default: "enabled",
    choices: ["enabled", "disabled", "no-conmon", "split"],
  }),
  "cpu-period": flag.uint({
    description: "Limit the CPU CFS (Completely Fair Scheduler) period",
    default: 0,
  }),
  "cpu-quota": flag.int({ description: "Limit the CPU CFS (Completely Fair Scheduler) quota", default: 0 }),
  "cpu-shares": flag.uint({ char: "c", description: "CPU shares (relative weight)", default: 0 }),
  cpus: flag.float({ description: "Number of CPUs. The default is 0.000 which means no limit", default: 0 }),
  "cpuset-cpus": flag.string({ description: "CPUs in which to allow execution (0-3, 0,1)", default: "" }),
  "cpuset-mems": flag.string({
    description:
      "Memory nodes (MEMs) in which to allow execution (0-3, 0,1). Only effective on NUMA systems.",
    default: "",
  }),
  memory: flag.string({ char: "m", value: size, description: `Memory limit ${sizeFormat}`, default: "" }),
  "memory-reservation": flag.string({
    value: size,
    description: `Memory soft limit ${sizeFormat}`,
    default: "",
  }),
  "memory-swap": flag.string({
    description: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    default: "",
  }),
  "memory-swappiness": flag.int({
    description: "Tune container memory swappiness (0 to 100, or -1 for system default)",
    default: -1,
  }),
  "oom-score-adj": flag.int({ description: "Tune the host's OOM preferences (-1000 to 1000)" }),
  "pids-limit": flag.int({ description: "Tune container pids limit (set -1 for unlimited)" }),
};

const imageFlags = {
  arch: flag.string({
    value: "ARCH",
    description: "use ARCH instead of the architecture of the machine for choosing images",
    aliases: ["override-arch"],
  }),
  os: flag.string({
    value: "OS",
    description: "use OS instead of the running OS for choosing images",
    aliases: ["override-os"],
  }),
  platform: flag.string({
    description: "Specify the platform for selecting the image.  (Conflicts with --arch and --os)",
  }),
  pull: flag.string({
    description: 'Pull image policy ("always"|"missing"|"never"|"newer")',
    default: "missing",
    choices: ["always", "missing", "never", "newer"],
  }),
  quiet: flag.boolean({ char: "q", description: "Suppress output information when pulling images" }),
  "tls-verify": flag.boolean({
    description: "Require HTTPS and verify certificates when contacting registries for pulling images",
    default: true,
  }),
  variant: flag.string({
    value: "VARIANT",
    description: "Use VARIANT instead of the running architecture variant for choosing images",
    aliases: ["override-variant"],
  }),
};

const containerOnlyFlags = {
  annotation: flag.strings({ description: "Add annotations to container (key=value)" }),
  attach: flag.strings({
    char: "a",
    description: "Attach to STDIN, STDOUT or STDERR",
    choices: ["stdin", "stdout", "stderr"],
  }),
  cidfile: flag.string({ description: "Write the container ID to the file", default: "", completes: "file" }),
  "disable-content-trust": flag.boolean({ description: "This is a Docker specific option and is a NOOP" }),
  label: flag.stringArray({ char: "l", description: "Set metadata on container" }),
  "label-file": flag.strings({ description: "Read in a line delimited file of labels", completes: "file" }),
  "log-driver": flag.string({
    description: "Logging driver for the container",
    default: "k8s-file",
    choices: ["k8s-file", "json-file", "none", "passthrough"],
  }),
  "log-opt": flag.strings({ description: "Logging driver options" }),
  name: flag.string({ description: "Assign a name to the container", default: "" }),
  pidfile: flag.string({
    description: "Write the container process ID to the file",
    default: "",
    completes: "file",
  }),
  replace: flag.boolean({ description: "If a container with the same name exists, replace it" }),
  restart: flag.string({
    description:
      'Restart policy to apply when a container exits ("always"|"no"|"never"|"on-failure"|"unless-stopped")',
    default: "",
    choices: ["always", "no", "on-failure", "unless-stopped"],
  }),
  rm: flag.boolean({ description: "Remove container after exit", aliases: ["purge"] }),
  secret: flag.stringArray({ description: "Add secret to container", completes: "secret" }),
  "volumes-from": flag.stringArray({
    description: "Mount volumes from the specified container(s)",
    completes: "container",
  }),
};

/** What `create` and `run` have in common. */
export const createFlags = {
  ...processFlags,
  ...filesystemFlags,
  ...securityFlags,
  ...namespaceFlags,
  ...networkFlags,
  ...resourceFlags,
  ...imageFlags,
  ...containerOnlyFlags,
  ...healthFlags,
  ...unsupportedFlags,
};

export const runFlags = {
  ...createFlags,
  ...descriptorFlags,
  detach: flag.boolean({ char: "d", description: "Run container in background and print container ID" }),
  "detach-keys": flag.string({
    value: "[a-Z]",
    description:
      "Override the key sequence for detaching a container. Format is a single character [a-Z] or a comma separated sequence of ctrl-<value>, where <value> is one of: a-cf, @, ^, [, \\, ], ^ or _",
    default: "ctrl-p,ctrl-q",
  }),
  "sig-proxy": flag.boolean({ description: "Proxy received signals to the process", default: true }),
};

export type CreateFlags = flag.FlagValues<typeof createFlags>;
export type RunFlags = flag.FlagValues<typeof runFlags>;
