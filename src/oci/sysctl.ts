import type { NamespaceMode, NetworkMode } from "./container.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";

/** Those that belong to a namespace; every other one would change the host. */
const IPC = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
];
const IPC_TOO = ["kernel.shmmni", "kernel.shm_rmid_forced"];
const UTS = ["kernel.domainname"];

/**
 * Values of `--sysctl`. Names with a `/` or `..` in them would reach other files than the allowlist has seen
 * (CVE-2022-0811 came in this way), and so would a line break in a value.
 */
export function parseSysctls(values: readonly string[]): Record<string, string> {
  const pairs = values.map((text): [string, string] => {
    const [name, value] = keyAndValue(text);
    if (name === "" || value === undefined)
      throw invalid(`${text} is invalid, sysctl values must be in the form of KEY=VALUE`);
    if (name.trim() !== name || value.trim() !== value)
      throw invalid(`'${text}' is invalid, extra spaces found`);
    if (!isNamespaced(name)) {
      const hint = name === "kernel.hostname" ? "--hostname sets it" : undefined;
      throw invalid(`sysctl '${name}' is not allowed`, hint);
    }
    if (/[\n\0]/.test(value)) throw invalid(`sysctl '${name}': the value must be one line`);
    return [name, value];
  });
  return Object.fromEntries(pairs);
}

function isNamespaced(name: string): boolean {
  // A dot in a part of the name (an interface eth0.1) is written as a slash there, so `net/` can't be let through.
  if (!/^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)+$/.test(name)) return false;
  return (
    name.startsWith("net.") || name.startsWith("fs.mqueue.") || [...IPC, ...IPC_TOO, ...UTS].includes(name)
  );
}

/** With the host's namespace a sysctl would be the host's own. */
export function checkSysctls(
  sysctls: Record<string, string>,
  modes: { network: NetworkMode; ipc: NamespaceMode; uts: NamespaceMode },
): void {
  for (const [name, value] of Object.entries(sysctls)) {
    const refuse = (which: string) => {
      throw invalid(
        `sysctl ${name}=${value} can't be set since ${which} Namespace set to host: invalid argument`,
      );
    };
    if (name.startsWith("net.") && modes.network.kind === "host") refuse("Network");
    if (UTS.includes(name) && modes.uts.kind === "host") refuse("UTS");
    const ipc = name.startsWith("fs.mqueue.") || IPC.includes(name) || IPC_TOO.includes(name);
    if (ipc && modes.ipc.kind === "host") refuse("IPC");
  }
}
