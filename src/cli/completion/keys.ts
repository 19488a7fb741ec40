import type { Completes, KeyedKind } from "../flags.ts";
import { type Completion, noFiles, noSpace } from "./completion.ts";

/** What may follow a key that ends in `=` or `:`; of a word that stands for itself, and of free text, nothing. */
export interface Keys {
  readonly [key: string]: Completes | readonly string[] | Keys;
}

const booleans = ["true", "false"];

const namespace: Keys = { "container:": "container", "ns:": "file", host: "none", private: "none" };

export const keyed: Readonly<Record<KeyedKind, Keys>> = {
  namespace,
  "user-namespace": { ...namespace, auto: "none", "keep-id": "none", nomap: "none" },
  "network-mode": {
    "container:": "container",
    "ns:": "file",
    bridge: "none",
    host: "none",
    none: "none",
    pasta: "none",
    private: "none",
    slirp4netns: "none",
    "slirp4netns:": {
      "allow_host_loopback=": booleans,
      "cidr=": "none",
      "enable_ipv6=": booleans,
      "mtu=": "none",
      "outbound_addr=": "none",
      "outbound_addr6=": "none",
      "port_handler=": ["rootlesskit", "slirp4netns"],
    },
  },
  "security-option": {
    "apparmor=": "none",
    "label=": {
      "user:": "none",
      "role:": "none",
      "type:": "none",
      "level:": "none",
      "filetype:": "none",
      disable: "none",
      nested: "none",
    },
    "mask=": "none",
    "no-new-privileges": "none",
    "proc-opts=": "none",
    "seccomp=": "file",
    "unmask=": "none",
  },
  "log-option": { "max-size=": "none", "path=": "file", "tag=": "none" },
  "mount-type": { "type=bind,": "none", "type=tmpfs,": "none", "type=volume,": "none" },
  change: {
    "CMD=": "none",
    "ENTRYPOINT=": "none",
    "ENV=": "none",
    "EXPOSE=": "none",
    "LABEL=": "none",
    "ONBUILD=": "none",
    "STOPSIGNAL=": "signal",
    "USER=": "none",
    "VOLUME=": "none",
    "WORKDIR=": "none",
  },
  "detach-keys": { "ctrl-": "none" },
};

const prune: Keys = { "label=": "none", "until=": "none" };

/** Those of `ps`, which choose containers for other commands too. */
const containers: Keys = {
  "ancestor=": "image",
  "before=": "container",
  "command=": "none",
  "exited=": "none",
  "health=": ["healthy", "unhealthy"],
  "id=": "container-id",
  "label=": "none",
  "name=": "container-name",
  "network=": "network",
  "pod=": "none",
  "restart-policy=": ["always", "no", "on-failure", "unless-stopped"],
  "should-start-on-boot=": ["true", "false"],
  "since=": "container",
  "status=": ["created", "exited", "paused", "running", "stopped", "unknown"],
  "until=": "none",
  "volume=": "volume",
};

const volumes: Keys = {
  "after=": "volume",
  "dangling=": booleans,
  "driver=": ["local", "image"],
  "label=": "none",
  "name=": "volume",
  "opt=": "none",
  "scope=": ["local"],
  "since=": "volume",
  "until=": "none",
};

const eventStatuses =
  "attach auto-update checkpoint cleanup commit connect create died disconnect exec exec_died export health_status import " +
  "init kill loadfromarchive mount pause prune pull pull-error push refresh remove rename renumber restart restore save " +
  "start stop sync tag unmount unpause untag update";

/** The keys of --filter, by command. */
export const filters: Readonly<Record<string, Keys>> = {
  ps: containers,
  pause: containers,
  restart: containers,
  rm: containers,
  start: containers,
  stop: containers,
  unpause: containers,
  "container prune": prune,
  "image prune": prune,
  "system prune": prune,
  "network prune": prune,
  images: {
    "after=": "image",
    "before=": "image",
    "containers=": booleans,
    "dangling=": booleans,
    "digest=": "none",
    "id=": "image",
    "intermediate=": booleans,
    "label=": "none",
    "manifest=": booleans,
    "readonly=": booleans,
    "reference=": "image",
    "since=": "image",
    "until=": "none",
  },
  "network ls": {
    "dangling=": booleans,
    "driver=": ["bridge", "macvlan", "ipvlan"],
    "id=": "network-id",
    "label=": "none",
    "name=": "network-name",
    "until=": "none",
  },
  "volume ls": volumes,
  "volume prune": volumes,
  "secret ls": { "id=": "secret-id", "name=": "secret-name" },
  "quadlet list": { "name=": "quadlet" },
  search: { "is-automated": "none", "is-official": "none", "stars=": "none" },
  events: {
    "artifact=": "artifact",
    "container=": "container",
    "event=": eventStatuses.split(" "),
    "image=": "image",
    "label=": "none",
    "network=": "network",
    "pod=": "none",
    "secret=": "secret",
    "type=": ["artifact", "container", "image", "network", "pod", "secret", "system", "volume"],
    "volume=": "volume",
  },
};

/** A key, or behind one what `values` has for the rest of the word. */
export async function completeKeys(
  keys: Keys,
  current: string,
  values: (kind: Completes | readonly string[], rest: string) => Promise<Completion>,
): Promise<Completion> {
  const key = Object.keys(keys).find((each) => /[=:,-]$/.test(each) && current.startsWith(each));
  if (key !== undefined) {
    const rest = current.slice(key.length);
    const next = keys[key] as Keys[string];
    const isList = typeof next === "string" || Array.isArray(next);
    const found = isList
      ? await values(next as Completes | readonly string[], rest)
      : await completeKeys(next as Keys, rest, values);
    const candidates = found.candidates.map((each) => ({ ...each, value: key + each.value }));
    return { candidates, directive: found.directive };
  }
  const candidates = Object.keys(keys)
    .filter((each) => each.startsWith(current))
    .map((value) => ({ value }));
  const goesOn = candidates.some(({ value }) => /[=:,-]$/.test(value));
  return { candidates, directive: noFiles | (goesOn ? noSpace : 0) };
}
