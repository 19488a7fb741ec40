/** The flags of `run` and `create` (and what `run` has beyond them), with Podman's texts. */

import * as flag from "../flags.ts";
import { accessFlags, policyFlag } from "../registry-flags.ts";
import { descriptorFlags } from "./descriptor-flags.ts";
import { healthFlags } from "./health-flags.ts";
import { resourceFlags, sizeFlag } from "./resource-flags.ts";
import { unsupportedFlags } from "./unsupported-flags.ts";
import { userFlags } from "./user-flags.ts";

const processFlags = {
  entrypoint: flag.string({ description: "Overwrite the default ENTRYPOINT of the image" }),
  chrootdirs: flag.stringArray({ description: "Chroot directories inside the container", completes: "none" }),
  env: flag.stringArray({ char: "e", description: "Set environment variables in container" }),
  "env-file": flag.stringArray({ description: "Read in a file of environment variables", completes: "file" }),
  "env-merge": flag.stringArray({
    description: "Preprocess environment variables from image before injecting them into the container",
  }),
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
  "init-path": flag.string({
    description: "Path to the container-init binary",
    default: "",
    completes: "file",
  }),
  interactive: flag.boolean({ char: "i", description: "Keep STDIN open even if not attached" }),
  personality: flag.string({
    description: "Configure execution domain using personality (e.g., LINUX/LINUX32)",
    default: "",
    choices: ["LINUX", "LINUX32"],
  }),
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
    completes: "user",
  }),
  workdir: flag.string({
    char: "w",
    description: "Working directory inside the container",
    default: "",
    completes: "file",
  }),
};

const filesystemFlags = {
  device: flag.stringArray({ description: "Add a host device to the container", completes: "file" }),
  gpus: flag.strings({ description: "GPU devices to add to the container ('all' to pass all GPUs)" }),
  "image-volume": flag.string({
    description: 'How to handle the builtin image volumes ("bind"|"tmpfs"|"ignore")',
    default: "anonymous",
    choices: ["anonymous", "bind", "tmpfs", "ignore"],
  }),
  mount: flag.stringArray({
    description: "Attach a filesystem mount to the container",
    completes: "mount-type",
  }),
  "read-only": flag.boolean({ description: "Make containers root filesystem read-only" }),
  "read-only-tmpfs": flag.boolean({
    description:
      "When running --read-only containers mount read-write tmpfs on /dev, /dev/shm, /run, /tmp and /var/tmp",
    default: true,
  }),
  rootfs: flag.boolean({
    description: "The first argument is not an image but the rootfs to the exploded container",
  }),
  "shm-size": sizeFlag("Size of /dev/shm", { default: "65536k" }),
  "shm-size-systemd": sizeFlag("Size of systemd specific tmpfs mounts (/run, /run/lock)"),
  tmpfs: flag.stringArray({
    value: "tmpfs",
    description: "Mount a temporary filesystem (tmpfs) into a container",
    completes: "file",
  }),
  volume: flag.stringArray({
    char: "v",
    description: "Bind mount a volume into the container",
    completes: "volume-or-path",
  }),
};

const securityFlags = {
  "cap-add": flag.strings({ description: "Add capabilities to the container", completes: "capability" }),
  "cap-drop": flag.strings({ description: "Drop capabilities from the container", completes: "capability" }),
  privileged: flag.boolean({ description: "Give extended privileges to container" }),
  "seccomp-policy": flag.string({
    default: "default",
    description: "Policy for selecting a seccomp profile: default or image",
    completes: "file",
  }),
  "security-opt": flag.stringArray({ description: "Security Options", completes: "security-option" }),
  sysctl: flag.strings({ description: "Sysctl options" }),
  ulimit: flag.strings({ description: "Ulimit options" }),
};

const namespaceFlags = {
  cgroupns: flag.string({ description: "cgroup namespace to use", default: "", completes: "namespace" }),
  ipc: flag.string({ description: "IPC namespace to use", default: "", completes: "namespace" }),
  pid: flag.string({ description: "PID namespace to use", default: "", completes: "namespace" }),
  uts: flag.string({ description: "UTS namespace to use", default: "", completes: "namespace" }),
};

const networkFlags = {
  "add-host": flag.strings({ description: "Add a custom host-to-IP mapping (host:ip)" }),
  dns: flag.strings({ description: "Set custom DNS servers" }),
  "dns-option": flag.strings({ description: "Set custom DNS options", aliases: ["dns-opt"] }),
  "dns-search": flag.strings({ description: "Set custom DNS search domains" }),
  expose: flag.strings({ description: "Expose a port or a range of ports" }),
  hostname: flag.string({ char: "h", description: "Set container hostname", default: "" }),
  "hosts-file": flag.string({
    description: "Base file to create the /etc/hosts file inside the container",
    default: "",
    completes: "file",
  }),
  ip: flag.string({ description: "Specify a static IPv4 address for the container", default: "" }),
  ip6: flag.string({ description: "Specify a static IPv6 address for the container", default: "" }),
  "mac-address": flag.string({
    description: "Container MAC address (e.g. 92:d0:c6:0a:29:33)",
    default: "",
  }),
  "network-alias": flag.strings({ description: "Add network-scoped alias for the container" }),
  network: flag.stringArray({
    description: "Connect a container to a network",
    aliases: ["net"],
    completes: "network-mode",
  }),
  "no-hostname": flag.boolean({
    description: "Do not create /etc/hostname within the container, instead use the version from the image",
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

const imageFlags = {
  "signature-policy": policyFlag,
  ...accessFlags,
  arch: flag.string({
    value: "ARCH",
    description: "use ARCH instead of the architecture of the machine for choosing images",
    aliases: ["override-arch"],
    completes: "architecture",
  }),
  os: flag.string({
    value: "OS",
    description: "use OS instead of the running OS for choosing images",
    aliases: ["override-os"],
    choices: ["linux", "windows"],
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
  variant: flag.string({
    value: "VARIANT",
    description: "Use VARIANT instead of the running architecture variant for choosing images",
    aliases: ["override-variant"],
  }),
};

const containerOnlyFlags = {
  annotation: flag.stringArray({ description: "Add annotations to container (key=value)" }),
  attach: flag.strings({
    char: "a",
    description: "Attach to STDIN, STDOUT or STDERR",
    choices: ["stdin", "stdout", "stderr"],
  }),
  cidfile: flag.string({ description: "Write the container ID to the file", default: "", completes: "file" }),
  "conmon-pidfile": flag.string({
    description: "Path to the file that will receive the PID of conmon",
    default: "",
    completes: "file",
  }),
  "disable-content-trust": flag.boolean({ description: "This is a Docker specific option and is a NOOP" }),
  label: flag.stringArray({ char: "l", description: "Set metadata on container" }),
  "label-file": flag.stringArray({
    description: "Read in a line delimited file of labels",
    completes: "file",
  }),
  "log-driver": flag.string({
    description: "Logging driver for the container",
    default: "k8s-file",
    choices: ["k8s-file", "json-file", "journald", "none", "passthrough", "passthrough-tty"],
  }),
  "log-opt": flag.stringArray({ description: "Logging driver options", completes: "log-option" }),
  name: flag.string({ description: "Assign a name to the container", default: "" }),
  pidfile: flag.string({
    description: "Write the container process ID to the file",
    default: "",
    completes: "file",
  }),
  replace: flag.boolean({ description: "If a container with the same name exists, replace it" }),
  requires: flag.strings({
    description:
      "Add one or more requirement containers that must be started before this container will start",
    completes: "container",
  }),
  restart: flag.string({
    description:
      'Restart policy to apply when a container exits ("always"|"no"|"never"|"on-failure"|"unless-stopped")',
    default: "",
    choices: ["always", "no", "on-failure", "unless-stopped"],
  }),
  rm: flag.boolean({ description: "Remove container after exit", aliases: ["purge"] }),
  rmi: flag.boolean({ description: "Remove image unless used by other containers, implies --rm" }),
  sdnotify: flag.string({
    description: 'control sd-notify behavior ("container"|"conmon"|"healthy"|"ignore")',
    default: "container",
    choices: ["container", "conmon", "healthy", "ignore"],
  }),
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
  ...userFlags,
  ...networkFlags,
  ...resourceFlags,
  ...imageFlags,
  ...containerOnlyFlags,
  ...healthFlags,
  ...unsupportedFlags,
  "kernel-memory": flag.string({ hidden: true, description: "Kernel memory limit (does nothing)" }),
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
    completes: "detach-keys",
  }),
  "sig-proxy": flag.boolean({ description: "Proxy received signals to the process", default: true }),
};

export type CreateFlags = flag.FlagValues<typeof createFlags>;
export type RunFlags = flag.FlagValues<typeof runFlags>;
