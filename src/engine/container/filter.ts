import { EngineError } from "../../errors.ts";
import { parseTime } from "../../oci/time.ts";
import type { ContainerSummary } from "./list.ts";

/** `ps --filter`: predicates on what a listing holds, by podman-ps(1). Values of one key are alternatives. */

type Predicate = (container: ContainerSummary, value: string, all: ContainerSummary[]) => boolean;

/** By the names of Podman's states; ours has fewer. */
const states: Record<string, string> = {
  configured: "created",
  created: "created",
  initialized: "initialized",
  running: "running",
  paused: "paused",
  stopping: "stopping",
  restarting: "restarting",
  stopped: "exited",
  exited: "exited",
  removing: "removing",
  unknown: "unknown",
};

const predicates: Record<string, Predicate> = {
  id: ({ record }, value) => matches(record.id, value) || record.id.startsWith(value),
  name: ({ record }, value) => matches(record.name, value),
  label: ({ record }, value) => matchesLabel(record.config.labels, value),
  "label!": ({ record }, value) => !matchesLabel(record.config.labels, value),
  status: ({ status }, value) => status.state === states[value],
  health: ({ health }, value) => health === value,
  exited: ({ status }, value) => status.state === "exited" && status.last?.exitCode === Number(value),
  ancestor: ({ record }, value) => {
    const image = record.config.image;
    if (!image) return false;
    const name = image.name.replace(/:latest$/, "");
    return (
      image.id.startsWith(value) ||
      image.name === value ||
      name === value ||
      name.endsWith(`/${value}`) ||
      image.name.endsWith(`/${value}`)
    );
  },
  before: ({ record }, value, all) => record.createdAt < reference(value, all).record.createdAt,
  since: ({ record }, value, all) => record.createdAt > reference(value, all).record.createdAt,
  volume: ({ record }, value) =>
    record.config.mounts.some((mount) => mount.source === value || mount.destination === value),
  network: ({ record }, value) => record.config.network.kind === value,
  command: ({ record }, value) => [...record.config.entrypoint, ...record.config.command][0] === value,
  "restart-policy": ({ record }, value) => record.config.restart.name === value,
  until: ({ record }, value) => Date.parse(record.createdAt) < parseTime(value),
};

/** Filters as given, `KEY=VALUE`. */
export function filterContainers(all: ContainerSummary[], filters: readonly string[]): ContainerSummary[] {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const match = /^([a-z-]+!?)=(.*)$/s.exec(filter);
    if (!match)
      throw new EngineError(
        "bad-filter",
        `invalid filter "${filter}": must be in the format of filter=value`,
      );
    const [, key, value] = match as unknown as [string, string, string];
    if (!predicates[key]) {
      throw new EngineError("bad-filter", `${key} is an invalid filter`, {
        hint: `filters are ${Object.keys(predicates).join(", ")}`,
      });
    }
    if (key === "status" && !states[value]) {
      throw new EngineError("bad-filter", `unknown container state: ${value}: invalid argument`, {
        hint: `states are ${Object.keys(states).join(", ")}`,
      });
    }
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  return all.filter((container) =>
    [...byKey].every(([key, values]) => {
      const test = (value: string) => (predicates[key] as Predicate)(container, value, all);
      // Of labels all must be there; of everything else one value is enough.
      return key.startsWith("label") ? values.every(test) : values.some(test);
    }),
  );
}

function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return text.includes(pattern);
  }
}

function matchesLabel(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, wanted);
  const key = wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1);
}

function reference(value: string, all: ContainerSummary[]): ContainerSummary {
  const found = all.find(({ record }) => record.name === value || record.id.startsWith(value));
  if (!found) {
    throw new EngineError(
      "no-such-container",
      `no container with name or ID "${value}" found: no such container`,
    );
  }
  return found;
}
