import type { Context } from "../../host/context.ts";
import { defaultNetworkName } from "../../network/networks.ts";
import { badFilter, filterValues, untilTime } from "../../oci/filters.ts";
import { matchesLabels } from "../../oci/label-filter.ts";
import type { NetworkRecord } from "../../oci/network.ts";
import { matcher } from "../../oci/pattern.ts";
import { networkUsers } from "./users.ts";

/** `--filter` of `network ls` and `network prune`, by podman-network-ls(1). Keys are all to hold. */

type Predicate = (network: NetworkRecord) => boolean;

const predicates: Record<string, (values: string[], ctx: Context) => Predicate> = {
  name: (values) => {
    const patterns = values.map(matcher);
    return ({ name }) => patterns.some((matches) => matches(name));
  },
  driver:
    (values) =>
    ({ driver }) =>
      values.includes(driver),
  id:
    (values) =>
    ({ id }) =>
      values.some((value) => id.startsWith(value)),
  label:
    (values) =>
    ({ labels }) =>
      matchesLabels(values, labels ?? {}),
  "label!":
    (values) =>
    ({ labels }) =>
      !matchesLabels(values, labels ?? {}),
  until: (values) => {
    const end = untilTime(values);
    return ({ created }) => Date.parse(created) < end;
  },
  dangling: (values, ctx) => {
    const wanted = new Set(values.map(parseBoolean));
    return ({ name }) => wanted.has(networkUsers(ctx, name).length === 0 && name !== defaultNetworkName(ctx));
  },
};

export function filterNetworks(
  ctx: Context,
  networks: readonly NetworkRecord[],
  filters: readonly string[],
  allowed: readonly string[] = Object.keys(predicates),
): NetworkRecord[] {
  const wanted = [...filterValues(filters)].map(([key, values]) => {
    const make = allowed.includes(key) ? predicates[key] : undefined;
    if (!make) throw badFilter(`invalid filter ${JSON.stringify(key)}`, `filters are ${allowed.join(", ")}`);
    return make(values, ctx);
  });
  return networks.filter((network) => wanted.every((predicate) => predicate(network)));
}

function parseBoolean(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw badFilter(`invalid dangling filter value "${text}"`);
}
