import type { DeviceRequest } from "./container.ts";
import { invalid } from "./invalid.ts";

/** Value of `--device`: `host[:container][:permissions]`. Whether it is there, and a device, the engine sees. */
export function parseDevice(text: string): DeviceRequest {
  const parts = text.split(":");
  const [hostPath = "", second, third] = parts;
  if (parts.length > 3) throw invalid(`invalid device specification: ${text}`);
  let containerPath = hostPath;
  let permissions = "rwm";
  if (second !== undefined) {
    if (isPermissions(second)) permissions = second;
    else if (second.startsWith("/")) containerPath = second;
    else throw invalid(`invalid device mode: ${second}`);
  }
  if (third !== undefined) {
    if (!isPermissions(third)) throw invalid(`invalid device mode: ${third}`);
    if (!isPermissions(second ?? "")) permissions = third;
  }
  return { hostPath, containerPath, permissions };
}

function isPermissions(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** VENDOR/CLASS=NAME, of the Container Device Interface. */
export function isCdiName(text: string): boolean {
  const word = "[a-zA-Z]([\\w.-]*[a-zA-Z0-9])?";
  return new RegExp(`^${word}/${word}=[a-zA-Z0-9]([\\w.:-]*[a-zA-Z0-9])?$`).test(text);
}

/** `--gpus`, which knows those of one vendor only. */
export function gpuDevice(name: string): string {
  return `nvidia.com/gpu=${name}`;
}

/** Made by the runtime in every container. */
const standard = new Set([
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/random",
  "/dev/urandom",
  "/dev/tty",
  "/dev/console",
  "/dev/ptmx",
]);

/** Which of the host's devices `--privileged` gives; virtual consoles would let a container take over the host's screen. */
export function isForPrivileged(file: string, { consoles }: { consoles: boolean }): boolean {
  if (standard.has(file) || /^\/dev\/(pts|shm|mqueue)\//.test(file)) return false;
  return consoles || !/^\/dev\/tty[0-9]+$/.test(file);
}
