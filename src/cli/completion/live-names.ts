import { createContext, type GlobalOptions } from "../../host/context.ts";
import type { Completes } from "../flags.ts";
import type { Candidate, Typed } from "./complete.ts";

/** Names of what there is, for completion; none when it can't be read. */
export async function liveNames(kind: Completes, options: GlobalOptions, typed: Typed): Promise<Candidate[]> {
  try {
    return await readers[kind](options, typed);
  } catch {
    return [];
  }
}

const nothing = async () => [];

type Reader = (options: GlobalOptions, typed: Typed) => Promise<Candidate[]>;

const readers: Record<Completes, Reader> = {
  container: (options) => containers(options, false),
  running: (options) => containers(options, true),
  "image-path": async (options, { args: [image = ""], current }) => {
    const { pathsInImage } = await import("../../engine/system/paths.ts");
    return pathsInImage(createContext(options), image, current).map((value) => ({ value }));
  },
  "copy-place": async (options, { current }) => {
    const [, name, path = ""] = /^([^:]+):(.*)$/s.exec(current) ?? [];
    if (name === undefined)
      return (await containers(options, false)).map((each) => ({ ...each, value: `${each.value}:` }));
    const { pathsInContainer } = await import("../../engine/system/paths.ts");
    return pathsInContainer(createContext(options), name, path).map((each) => ({ value: `${name}:${each}` }));
  },
  image: async (options) => {
    const { listImages } = await import("../../engine/image/list.ts");
    return listImages(createContext(options)).flatMap(({ names }) => names.map((value) => ({ value })));
  },
  volume: async (options) => {
    const { listVolumes } = await import("../../engine/volume/list.ts");
    return listVolumes(createContext(options)).map(({ Name }) => ({ value: String(Name) }));
  },
  secret: async (options) => {
    const { listSecrets } = await import("../../engine/secret/list.ts");
    return listSecrets(createContext(options), []).map(({ Spec }) => ({ value: Spec.Name }));
  },
  network: async (options) => {
    const { listNetworks } = await import("../../engine/network/list.ts");
    return listNetworks(createContext(options)).map(({ name }) => ({ value: name }));
  },
  module: async () => {
    const { moduleNames } = await import("../../host/config/files.ts");
    return moduleNames().map((value) => ({ value }));
  },
  "network-mode": async (options, typed) => {
    const modes = ["bridge", "host", "none", "pasta", "private", "slirp4netns"];
    return [...modes.map((value) => ({ value })), ...(await readers.network(options, typed))];
  },
  signal: async () => {
    const { signalName } = await import("../../oci/signals.ts");
    return Array.from({ length: 31 }, (_, index) => ({ value: signalName(index + 1) }));
  },
  file: nothing,
  none: nothing,
};

async function containers(options: GlobalOptions, running: boolean): Promise<Candidate[]> {
  const { listContainers } = await import("../../engine/container/list.ts");
  const list = await listContainers(createContext(options));
  return list.containers
    .filter(({ status }) => !running || status.state === "running" || status.state === "paused")
    .map(({ record, status }) => ({ value: record.name, description: status.state }));
}
