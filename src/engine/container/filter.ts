import { EngineError } from "../../errors.ts";
import type { NetworkMode } from "../../oci/container.ts";
import { containerCommand } from "../../oci/container-command.ts";
import { badFilter, filterValues, untilTime, withoutValue } from "../../oci/filters.ts";
import { goBool } from "../../oci/go-bool.ts";
import { matchesLabels } from "../../oci/label-filter.ts";
import { matcher } from "../../oci/pattern.ts";
import type { ContainerSummary } from "./list.ts";

/**
 * `--filter` of the commands on containers, by podman-ps(1). Several keys must all be met, several values of one key are
 * alternatives (of labels all must be there).
 */

type Test = (container: ContainerSummary) => boolean;

/** What filters ask about beyond the containers themselves. */
export interface FilterLookups {
  /** All containers, for `before` and `since`. */
  all: readonly ContainerSummary[];
  /** Id of the image that a name or id stands for. */
  imageId: (nameOrId: string) => string | undefined;
  /** Name of the network with that id. */
  networkName: (id: string) => string | undefined;
}

type Key = (values: string[], lookups: FilterLookups) => Test;

/** By the names of Podman's states; ours has fewer. */
const states: Record<string, string> = {
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

const pruneKeys: Record<string, Key> = {
  label:
    (values) =>
    ({ record }) =>
      matchesLabels(values, record.config.labels),
  "label!":
    (values) =>
    ({ record }) =>
      !values.some((value) => matchesLabels([value], record.config.labels)),
  until: (values) => {
    const until = untilTime(values);
    return ({ record }) => Date.parse(record.createdAt) < until;
  },
};

const keys: Record<string, Key> = {
  ...pruneKeys,
  annotation:
    (values) =>
    ({ record }) =>
      matchesLabels(values, record.config.annotations),
  "annotation!":
    (values) =>
    ({ record }) =>
      !values.some((value) => matchesLabels([value], record.config.annotations)),
  id: (values) => {
    const tests = values.map((value) =>
      /^[0-9a-f]*$/i.test(value) ? (id: string) => id.startsWith(value.toLowerCase()) : matcher(value),
    );
    return ({ record }) => tests.some((test) => test(record.id));
  },
  name: (values) => {
    const tests = values.map((value) => matcher(value.replaceAll("/", "")));
    return ({ record }) => tests.some((test) => test(record.name));
  },
  status: (values) => {
    const wanted = values.map(stateOf);
    return ({ status }) => wanted.includes(status.state);
  },
  exited: (values) => {
    const codes = values.map(exitCode);
    return ({ status }) => status.state === "exited" && codes.includes(status.last?.exitCode ?? 0);
  },
  ancestor: (values, { imageId }) => {
    const ids = values.map((value) => imageId(value) ?? value.replace(/^sha256:/, ""));
    const tests = values.map(matcher);
    return ({ record: { config } }) => {
      const { image } = config;
      if (!image) return false;
      const names = image.name.endsWith(":latest")
        ? [image.name, image.name.slice(0, -":latest".length)]
        : [image.name];
      return (
        ids.some((id) => id !== "" && image.id.startsWith(id)) ||
        tests.some((test) => names.some((name) => test(name)))
      );
    };
  },
  before: (values, { all }) => {
    const time = earliest(values, all);
    return ({ record }) => record.createdAt < time;
  },
  since: (values, { all }) => {
    const time = earliest(values, all);
    return ({ record }) => record.createdAt > time;
  },
  volume:
    (values) =>
    ({ record }) =>
      values.some((value) => {
        const colon = value.indexOf(":");
        const [source, destination] =
          colon < 0 ? [value, undefined] : [value.slice(0, colon), value.slice(colon + 1)];
        return record.config.mounts.some((mount) =>
          destination === undefined
            ? mount.source === source || mount.destination === source
            : mount.source === source && mount.destination === destination,
        );
      }),
  health:
    (values) =>
    ({ health }) =>
      values.includes(health),
  // No container is in a pod.
  pod: () => () => false,
  network: (values, { all, networkName }) => {
    const names = values.map((value) => networkName(value) ?? value);
    const joined = values
      .filter((value) => value.startsWith("container:"))
      .map((value) => find(value.slice("container:".length), all)?.record.id);
    return ({ record: { config } }) =>
      config.network.kind === "container"
        ? joined.includes(config.network.id)
        : networkNames(config.network).some((name) => names.includes(name));
  },
  "restart-policy": (values) => {
    const bad = values.filter((value) => !restartPolicies.includes(value));
    if (bad.length > 0) {
      throw badFilter(
        `${bad.join(", ")} ${bad.length > 1 ? "invalid restart policies" : "invalid restart policy"}`,
      );
    }
    const wanted = values.map((value) => (value === "none" ? "no" : value));
    return ({ record }) => wanted.includes(record.config.restart.name);
  },
  command: (values) => {
    const tests = values.map(matcher);
    return ({ record: { config } }) => {
      const program = containerCommand(config)[0] ?? "";
      return tests.some((test) => test(program));
    };
  },
  "should-start-on-boot": (values) => {
    const wanted = values.map(parseBool).at(-1);
    return ({ record, status }) => {
      const { name } = record.config.restart;
      const starts = name === "always" || (name === "unless-stopped" && !status.last?.stoppedByUser);
      return starts === wanted;
    };
  },
};

const restartPolicies = ["no", "none", "always", "on-failure", "unless-stopped"];

/** Names of the networks that a container is connected to; a network stack of its own or the host's has none. */
export function networkNames(network: NetworkMode): string[] {
  return network.kind === "bridge" ? network.networks.map(({ name }) => name) : [];
}

/** The containers that meet the filters, given as `KEY=VALUE`. */
export function filterContainers(
  containers: readonly ContainerSummary[],
  filters: readonly string[],
  lookups: FilterLookups,
): ContainerSummary[] {
  return select(containers, filters, keys, lookups);
}

/** The same for `prune`, which knows fewer. */
export function filterForPrune(
  containers: readonly ContainerSummary[],
  filters: readonly string[],
): ContainerSummary[] {
  return select(containers, filters, pruneKeys, {
    all: containers,
    imageId: () => undefined,
    networkName: () => undefined,
  });
}

function select(
  containers: readonly ContainerSummary[],
  filters: readonly string[],
  known: Record<string, Key>,
  lookups: FilterLookups,
): ContainerSummary[] {
  const refuse = (filter: string) => badFilter(`invalid filter ${JSON.stringify(filter)}`);
  const given = filterValues(filters, known === pruneKeys ? withoutValue : refuse);
  const tests = [...given].map(([key, values]) => {
    if (!Object.hasOwn(known, key)) {
      throw badFilter(`${key} is an invalid filter`, `filters are ${Object.keys(known).join(", ")}`);
    }
    return (known[key] as Key)(values, lookups);
  });
  return containers.filter((container) => tests.every((test) => test(container)));
}

function stateOf(value: string): string {
  const state = Object.hasOwn(states, value) ? states[value] : undefined;
  if (state !== undefined) return state;
  throw badFilter(
    `unknown container state: ${value}: invalid argument`,
    `states are ${Object.keys(states).join(", ")}`,
  );
}

function parseBool(text: string): boolean {
  const value = goBool(text);
  if (value !== undefined) return value;
  throw badFilter(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function exitCode(value: string): number {
  if (/^[+-]?\d+$/.test(value)) return Number(value);
  throw badFilter(
    `exited code out of range '\\x00': strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

/** When the first of these containers was made. */
function earliest(values: string[], all: readonly ContainerSummary[]): string {
  const times = values.map((value) => {
    const found = find(value, all);
    if (!found) {
      throw new EngineError(
        "no-such-container",
        `no container with name or ID "${value}" found: no such container`,
      );
    }
    return found.record.createdAt;
  });
  return times.sort()[0] as string;
}

function find(nameOrId: string, all: readonly ContainerSummary[]): ContainerSummary | undefined {
  return (
    all.find(({ record }) => record.name === nameOrId) ??
    all.find(({ record }) => nameOrId !== "" && record.id.startsWith(nameOrId))
  );
}
