import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import type { ContainerConfig, DeviceRequest } from "../../oci/container.ts";
import { isForPrivileged } from "../../oci/devices.ts";
import type { HostDevice } from "../../oci/generate-spec.ts";
import type { DeviceNumbers } from "../../oci/resources.ts";

/** No program that the kernel would ask about devices may be loaded by an ordinary user. */
export function checkDeviceRules(ctx: Context, { resources, userns }: ContainerConfig): void {
  if (!resources.deviceRules || (isRealRoot(ctx) && userns.kind === "host")) return;
  throw new EngineError(
    "not-supported",
    "device cgroup rules are not supported in rootless mode or in a user namespace",
    { hint: "--device makes the devices usable that you may use yourself" },
  );
}

/** Those of --device, and with --privileged all that the host has; virtual consoles only in root's containers without systemd. */
export function containerDevices(
  ctx: Context,
  { devices, privileged, systemd }: ContainerConfig,
): HostDevice[] {
  if (!privileged) return hostDevices(devices);
  const options = { consoles: isRealRoot(ctx) && !systemd };
  return hostDevices(
    devices,
    nodesBelow("/dev").filter((file) => isForPrivileged(file, options)),
  );
}

/** The host's device nodes for --device (a directory gives those below it), and others by their paths. */
export function hostDevices(requests: DeviceRequest[], others: readonly string[] = []): HostDevice[] {
  const found = others.map((file) => ({ hostPath: file, containerPath: file, permissions: "rwm" }));
  const requested = requests.flatMap((request) => {
    const stats = fs.statSync(request.hostPath, { throwIfNoEntry: false });
    if (!stats) {
      throw new EngineError("no-such-device", `stat ${request.hostPath}: no such file or directory`, {
        hint: "check the path given with --device; other devices are named VENDOR/CLASS=NAME",
      });
    }
    const { hostPath, containerPath, permissions } = resolved(request);
    if (!stats.isDirectory()) return [{ hostPath, containerPath, permissions }];
    const nodes = nodesBelow(hostPath);
    if (nodes.length === 0) {
      throw new EngineError("no-such-device", `no devices found in ${hostPath}: invalid argument`, {
        hint: "use --volume for files and directories",
      });
    }
    return nodes.map((file) => ({
      hostPath: file,
      containerPath: path.posix.join(containerPath, path.posix.relative(hostPath, file)),
      permissions,
    }));
  });
  const byPath = new Map([...found, ...requested].map((request) => [request.containerPath, request]));
  return [...byPath.values()].map(describe);
}

/** As Podman: a link is followed first, so the container has the device under its own name if no other is given. */
function resolved(request: DeviceRequest): DeviceRequest {
  if (!fs.lstatSync(request.hostPath).isSymbolicLink()) return request;
  const hostPath = fs.realpathSync(request.hostPath);
  const isRenamed = request.containerPath !== request.hostPath;
  return { ...request, hostPath, containerPath: isRenamed ? request.containerPath : hostPath };
}

function nodesBelow(directory: string): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // not ours to read
  }
  return entries.flatMap((entry) => {
    const file = path.posix.join(directory, entry.name);
    if (entry.isDirectory()) return nodesBelow(file);
    return entry.isCharacterDevice() || entry.isBlockDevice() ? [file] : [];
  });
}

function describe(request: DeviceRequest): HostDevice {
  const stats = fs.statSync(request.hostPath);
  const type = typeOf(stats);
  if (!type || type === "p") {
    throw new EngineError("not-a-device", `${request.hostPath} is not a valid device: not a device node`, {
      hint: "use --volume for files and directories",
    });
  }
  return {
    ...request,
    type,
    ...numbersOf(stats),
    fileMode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
  };
}

export function typeOf(stats: fs.Stats): HostDevice["type"] | undefined {
  if (stats.isCharacterDevice()) return "c";
  if (stats.isBlockDevice()) return "b";
  return stats.isFIFO() ? "p" : undefined;
}

/** Numbers of a device that a limit names. */
export function deviceNumbers(file: string, of?: "weight"): DeviceNumbers {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (stats) return numbersOf(stats);
  throw new EngineError(
    "no-such-device",
    of === "weight"
      ? `failed to inspect '${file}' in --blkio-weight-device: no such file or directory`
      : `could not parse throttle device at ${file}: no such file or directory`,
    { hint: "check the path of the device" },
  );
}

/** The same where a limit is asked for: only block devices have them. */
export function blockDeviceNumbers(file: string, of?: "weight"): DeviceNumbers {
  const numbers = deviceNumbers(file, of);
  if (fs.statSync(file).isBlockDevice()) return numbers;
  throw new EngineError("no-such-device", `${file}: not a block device`);
}

/** glibc's makedev: 12 bits of the major and 8 of the minor number below, the rest above. */
export function numbersOf({ rdev }: fs.Stats): DeviceNumbers {
  return {
    major: ((rdev >> 8) & 0xfff) | (Math.floor(rdev / 2 ** 32) & ~0xfff),
    minor: (rdev & 0xff) | (Math.floor(rdev / 2 ** 12) & ~0xff & 0xffffff00),
  };
}
