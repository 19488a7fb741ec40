import { type GoType, unsupported } from "../flags.ts";

/** Flags of Podman's `run` and `create` that are recognised, and refused: a container without them would be another one. */
export const unsupportedFlags = {
  ...each("string", {
    authfile: "Path of the authentication file",
    "cert-dir": "Path of a directory with certificates for the registry",
    "conmon-pidfile": "Path to the file that will receive the PID of conmon",
    creds: "Credentials (USERNAME:PASSWORD) to use for authenticating to a registry",
    "hosts-file": "Base file to create the /etc/hosts file inside the container",
    "group-entry": "Entry to write to /etc/group",
    "init-ctr": "Make this a pod init container",
    ip: "Specify a static IPv4 address for the container",
    ip6: "Specify a static IPv6 address for the container",
    "mac-address": "Container MAC address (e.g. 92:d0:c6:0a:29:33)",
    "passwd-entry": "Entry to write to /etc/passwd",
    personality: "Configure execution domain using personality (e.g., LINUX/LINUX32)",
    pod: "Run container in an existing pod",
    "pod-id-file": "Read the pod ID from the file",
    "rdt-class": "Class of Service (COS) that the container should be assigned to",
    "retry-delay": "Delay between retries in case of pull failures",
    sdnotify: 'control sd-notify behavior ("container"|"conmon"|"healthy"|"ignore")',
    "seccomp-policy": "Policy for selecting a seccomp profile (experimental)",
    "shm-size-systemd": "Size of systemd specific tmpfs mounts (/run, /run/lock)",
    subgidname: "Name of range listed in /etc/subgid for use in user namespace",
    subuidname: "Name of range listed in /etc/subuid for use in user namespace",
  }),
  ...each("strings", {
    "blkio-weight-device": "Block IO weight (relative device weight, format: DEVICE_NAME:WEIGHT)",
    chrootdirs: "Chroot directories inside the container",
    "decryption-key": "Key needed to decrypt the image (e.g. /path/to/key.pem)",
    "device-cgroup-rule": "Add a rule to the cgroup allowed devices list",
    "device-read-bps":
      "Limit read rate (bytes per second) from a device (e.g. --device-read-bps=/dev/sda:1mb)",
    "device-read-iops":
      "Limit read rate (IO per second) from a device (e.g. --device-read-iops=/dev/sda:1000)",
    "device-write-bps":
      "Limit write rate (bytes per second) to a device (e.g. --device-write-bps=/dev/sda:1mb)",
    "device-write-iops":
      "Limit write rate (IO per second) to a device (e.g. --device-write-iops=/dev/sda:1000)",
    gidmap: "GID map to use for the user namespace",
    gpus: "GPU devices to add to the container ('all' to pass all GPUs)",
    hostuser: "Host user account to add to /etc/passwd within container",
    "network-alias": "Add network-scoped alias for the container",
    requires: "Add one or more requirement containers that must be started before this container will start",
    uidmap: "UID map to use for the user namespace",
  }),
  ...each("stringArray", {
    "env-merge": "Preprocess environment variables from image before injecting them into the container",
  }),
  ...each("bool", {
    "no-hostname": "Do not create /etc/hostname within the container, instead use the version from the image",
    "oom-kill-disable": "Disable OOM Killer",
    rmi: "Remove image unless used by other containers, implies --rm",
  }),
  ...each("int", {
    "cpu-rt-runtime": "Limit the CPU real-time runtime in microseconds",
  }),
  ...each("uint", {
    "cpu-rt-period": "Limit the CPU real-time period in microseconds",
    retry: "Number of times to retry in case of failure when performing pull",
  }),
};

function each<Name extends string>(
  goType: GoType,
  descriptions: Record<Name, string>,
): Record<Name, ReturnType<typeof unsupported>> {
  const flags = Object.entries<string>(descriptions).map(([name, description]) => [
    name,
    unsupported(goType, { description }),
  ]);
  return Object.fromEntries(flags) as Record<Name, ReturnType<typeof unsupported>>;
}
