import * as fs from "node:fs";
import { type Context, createContext, type GlobalOptions } from "../../host/context.ts";
import type { LiveKind } from "../flags.ts";
import type { Candidate, Typed } from "./completion.ts";

/** Names of what there is, for completion; none when it can't be read. */
export async function liveNames(kind: LiveKind, options: GlobalOptions, typed: Typed): Promise<Candidate[]> {
  try {
    return await readers[kind](createContext(options), typed);
  } catch {
    return [];
  }
}

type Reader = (ctx: Context, typed: Typed) => Promise<Candidate[]>;

/** Ids are offered from the second character on: before, there are too many. */
const enoughForIds = ({ current }: Typed) => current.length > 1;

const short = (id: string) => ({ value: id.slice(0, 12) });

const together =
  (...kinds: LiveKind[]): Reader =>
  async (ctx, typed) => {
    const lists = await Promise.all(kinds.map((kind) => readers[kind](ctx, typed)));
    return lists.flat();
  };

const readers: Record<LiveKind, Reader> = {
  container: (ctx, typed) => containers(ctx, typed, () => true),
  running: (ctx, typed) => containers(ctx, typed, (state) => state === "running" || state === "paused"),
  paused: (ctx, typed) => containers(ctx, typed, (state) => state === "paused"),
  stopped: (ctx, typed) => containers(ctx, typed, (state) => state !== "running" && state !== "paused"),
  "container-id": async (ctx) => (await list(ctx)).map(({ record }) => short(record.id)),
  "container-name": async (ctx) => (await list(ctx)).map(({ record }) => ({ value: record.name })),
  "image-path": async (ctx, { args: [image = ""], current }) => {
    const { pathsInImage } = await import("../../engine/system/paths.ts");
    return pathsInImage(ctx, image, current).map((value) => ({ value }));
  },
  "copy-place": async (ctx, typed) => {
    const [, name, path = ""] = /^([^:]+):(.*)$/s.exec(typed.current) ?? [];
    if (name === undefined) {
      const found = await readers.container(ctx, typed);
      return found.map((each) => ({ ...each, value: `${each.value}:` }));
    }
    const { pathsInContainer } = await import("../../engine/system/paths.ts");
    return pathsInContainer(ctx, name, path).map((each) => ({ value: `${name}:${each}` }));
  },
  image: async (ctx, typed) => {
    const { listImages } = await import("../../engine/image/list.ts");
    return listImages(ctx).flatMap(({ id, names }) => [
      ...(enoughForIds(typed) ? [short(id)] : []),
      ...names.flatMap((name) => namesOf(name, typed.current !== "")).map((value) => ({ value })),
    ]);
  },
  "container-or-image": together("container", "image"),
  object: together("container", "image", "network", "volume"),
  volume: async (ctx) => {
    const { listVolumes } = await import("../../engine/volume/list.ts");
    return listVolumes(ctx).map(({ Name }) => ({ value: String(Name) }));
  },
  "volume-or-path": (ctx, typed) => readers.volume(ctx, typed),
  secret: async (ctx, typed) => [
    ...(enoughForIds(typed) ? await readers["secret-id"](ctx, typed) : []),
    ...(await readers["secret-name"](ctx, typed)),
  ],
  "secret-id": async (ctx) => (await secrets(ctx)).map(({ ID }) => short(ID)),
  "secret-name": async (ctx) => (await secrets(ctx)).map(({ Spec }) => ({ value: Spec.Name })),
  network: async (ctx, typed) => [
    ...(enoughForIds(typed) ? await readers["network-id"](ctx, typed) : []),
    ...(await readers["network-name"](ctx, typed)),
  ],
  "network-id": async (ctx) => (await networks(ctx)).map(({ id }) => short(id)),
  "network-name": async (ctx) => (await networks(ctx)).map(({ name }) => ({ value: name })),
  artifact: async (ctx) => {
    const { describeArtifacts } = await import("../../engine/artifact/inspect.ts");
    return describeArtifacts(ctx).map(({ repository, tag }) => ({
      value: tag === undefined ? repository : `${repository}:${tag}`,
    }));
  },
  quadlet: async (ctx) => {
    const { listQuadlets } = await import("../../engine/quadlet/installed.ts");
    return listQuadlets(ctx, []).map(({ Name }) => ({ value: Name }));
  },
  "list-member": async (ctx, { args: [name = ""] }) => {
    const { inspectList } = await import("../../engine/manifest/inspect.ts");
    const found = inspectList(ctx, name) as { manifests?: { digest: string }[] } | undefined;
    return (found?.manifests ?? []).map(({ digest }) => ({ value: digest }));
  },
  registry: async () => {
    const { registriesConf } = await import("../../host/config/registries.ts");
    return ((await registriesConf())?.unqualifiedSearch ?? []).map((value) => ({ value }));
  },
  module: async () => {
    const { moduleNames } = await import("../../host/config/files.ts");
    return moduleNames().map((value) => ({ value }));
  },
  signal: async (_ctx, { current }) => {
    const { signalNames } = await import("../../oci/signals.ts");
    const names = signalNames();
    const typed = /^si/i.test(current) ? names : names.map((name) => name.replace(/^SIG/, ""));
    return typed.map((name) => ({ value: /^[a-z]/.test(current) ? name.toLowerCase() : name }));
  },
  user: async (_ctx, { current }) => {
    const { parseGroup, parsePasswd } = await import("../../oci/passwd.ts");
    const [, user] = /^([^:]*):/.exec(current) ?? [];
    if (user === undefined) {
      const users = parsePasswd(fs.readFileSync("/etc/passwd", "utf8"));
      return users.map(({ name }) => ({ value: `${name}:` }));
    }
    const groups = parseGroup(fs.readFileSync("/etc/group", "utf8"));
    return groups.map(({ name }) => ({ value: `${user}:${name}` }));
  },
  capability: async (_ctx, { current }) => {
    const { allCapabilities } = await import("../../oci/capabilities.ts");
    const whole = current.startsWith("CAP_");
    const names = allCapabilities(Number.MAX_SAFE_INTEGER).map((name) => (whole ? name : name.slice(4)));
    return ["ALL", ...names].map((value) => ({ value }));
  },
  descriptor: async (ctx, typed) => {
    if (typed.args.length === 0) return await readers.container(ctx, typed);
    const { descriptorNames } = await import("../process-table.ts");
    return descriptorNames.map((value) => ({ value }));
  },
};

/** A name with and without the parts in front: `quay.io/a/b:1`, `a/b:1`, `b:1`. */
function namesOf(name: string, alsoShort: boolean): string[] {
  const parts = name.split("/");
  return alsoShort ? parts.map((_part, from) => parts.slice(from).join("/")) : [name];
}

async function list(ctx: Context) {
  const { listContainers } = await import("../../engine/container/list.ts");
  return (await listContainers(ctx)).containers;
}

async function containers(
  ctx: Context,
  typed: Typed,
  wanted: (state: string) => boolean,
): Promise<Candidate[]> {
  return (await list(ctx))
    .filter(({ status }) => wanted(status.state))
    .flatMap(({ record, status }) => [
      ...(enoughForIds(typed) ? [{ ...short(record.id), description: record.name }] : []),
      { value: record.name, description: status.state },
    ]);
}

async function secrets(ctx: Context) {
  const { listSecrets } = await import("../../engine/secret/list.ts");
  return listSecrets(ctx, []);
}

async function networks(ctx: Context) {
  const { listNetworks } = await import("../../engine/network/list.ts");
  return listNetworks(ctx);
}
