import { keyAndValue } from "./key-value.ts";
/** Devices of the Container Device Interface: which there are, and what containers become with them. */

import type { CdiEdits, CdiSpec } from "./cdi-spec.ts";
import { joinHooks, type RuntimeHooks } from "./hooks.ts";
import type { Linux, Mount } from "./runtime-spec.ts";

export interface CdiSpecFile {
  /** The higher, the stronger: which of the directories it is in. */
  priority: number;
  spec: CdiSpec;
}

export type MergedEdits = Required<Omit<CdiEdits, "intelRdt">> & Pick<CdiEdits, "intelRdt">;

/** What the files say of the devices with these names, and the names of those that there aren't. */
export function resolveCdiDevices(
  files: readonly CdiSpecFile[],
  names: readonly string[],
): { edits: MergedEdits; missing: string[] } {
  const devices = devicesOf(files);
  // What a file says of all its devices counts once, before the first of them.
  const ofFiles = new Set<CdiSpec>();
  const all: CdiEdits[] = [];
  for (const found of names.map((name) => devices.get(name))) {
    if (!found) continue;
    if (!ofFiles.has(found.spec)) all.push(found.spec.containerEdits ?? {});
    ofFiles.add(found.spec);
    all.push(found.edits);
  }
  return {
    edits: {
      env: all.flatMap(({ env = [] }) => env),
      deviceNodes: all.flatMap(({ deviceNodes = [] }) => deviceNodes),
      netDevices: all.flatMap(({ netDevices = [] }) => netDevices),
      hooks: all.flatMap(({ hooks = [] }) => hooks),
      mounts: all.flatMap(({ mounts = [] }) => mounts),
      additionalGids: all.flatMap(({ additionalGids = [] }) => additionalGids),
      intelRdt: all.findLast(({ intelRdt }) => intelRdt)?.intelRdt,
    },
    missing: names.filter((name) => !devices.has(name)),
  };
}

type Found = CdiSpecFile & { edits: CdiEdits };

/** By their full names. One that two files of the same directory have counts as missing. */
function devicesOf(files: readonly CdiSpecFile[]): Map<string, Found> {
  const devices = new Map<string, Found>();
  const conflicts = new Set<string>();
  for (const file of files) {
    for (const { name, containerEdits = {} } of file.spec.devices) {
      const device = `${file.spec.kind}=${name}`;
      const other = devices.get(device);
      if (other?.priority === file.priority) conflicts.add(device);
      if (!other || file.priority > other.priority) devices.set(device, { ...file, edits: containerEdits });
    }
  }
  for (const device of conflicts) devices.delete(device);
  return devices;
}

/** The part of the runtime config that doesn't depend on the machine. */
export interface CdiParts {
  env: Record<string, string>;
  /** Each takes the place of what else would be mounted there. */
  mounts: Mount[];
  hooks: RuntimeHooks | undefined;
  groups: number[];
  linux: Pick<Linux, "netDevices" | "intelRdt">;
}

export function cdiParts({
  env,
  mounts,
  hooks,
  additionalGids,
  netDevices,
  intelRdt,
}: MergedEdits): CdiParts {
  const byPath = new Map(
    mounts.map(({ hostPath, containerPath, options = [], type = "bind" }) => [
      containerPath,
      { destination: containerPath, type, source: hostPath, options },
    ]),
  );
  const interfaces = netDevices.map(({ hostInterfaceName, name }) => [hostInterfaceName, { name }]);
  return {
    env: Object.fromEntries(env.map((text) => keyAndValue(text) as [string, string])),
    mounts: [...byPath.values()],
    hooks: joinHooks(...hooks.map(({ hookName, ...hook }) => ({ [hookName]: [hook] }))),
    groups: additionalGids.filter((gid) => gid !== 0),
    linux: {
      ...(interfaces.length > 0 ? { netDevices: Object.fromEntries(interfaces) } : {}),
      ...(intelRdt ? { intelRdt } : {}),
    },
  };
}
