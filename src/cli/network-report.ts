import type { InspectedNetwork } from "../engine/network/inspect.ts";
import type { NetworkRecord } from "../oci/network.ts";
import { GoTime } from "./template/time.ts";
import { goValue } from "./template/types.ts";

/** A network as templates see it: by the names that Podman's fields have in Go. */
export function networkFields(network: NetworkRecord): Record<string, unknown> {
  const map = (value: Record<string, string> | undefined) => goValue(value ?? null, "map[string]string", {});
  return {
    Name: network.name,
    ID: network.id,
    Driver: network.driver,
    NetworkInterface: network.network_interface,
    Created: new GoTime(network.created),
    Subnets: network.subnets.map(({ subnet, gateway, lease_range }) => ({
      Subnet: subnet,
      Gateway: gateway ?? "",
      ...(lease_range ? { LeaseRange: { StartIP: lease_range.start_ip, EndIP: lease_range.end_ip } } : {}),
    })),
    Routes: (network.routes ?? []).map(({ destination, gateway, metric }) => ({
      Destination: destination,
      Gateway: gateway,
      Metric: metric ?? 0,
    })),
    IPv6Enabled: network.ipv6_enabled,
    Internal: network.internal,
    DNSEnabled: network.dns_enabled,
    NetworkDNSServers: network.network_dns_servers ?? [],
    Labels: map(network.labels),
    Options: map(network.options),
    IPAMOptions: map(network.ipam_options),
  };
}

/** The same with the containers that are connected, as `inspect` has them. */
export function inspectedFields({ containers, ...network }: InspectedNetwork): Record<string, unknown> {
  const ofInterface = ({ subnets, mac_address }: { subnets: object[]; mac_address: string }) => ({
    Subnets: subnets.map(({ ipnet, gateway = "" }: { ipnet?: string; gateway?: string }) => ({
      IPNet: ipnet,
      Gateway: gateway,
    })),
    MacAddress: mac_address,
  });
  const values = (object: object, value: (one: never) => unknown) =>
    Object.fromEntries(Object.entries(object).map(([key, one]) => [key, value(one as never)]));
  return {
    ...networkFields(network),
    Containers: values(containers, ({ name, interfaces }: InspectedNetwork["containers"][string]) => ({
      Name: name,
      Interfaces: values(interfaces, ofInterface),
    })),
  };
}

/** The same for a row of `ls`, where ids are short and labels are text. */
export function networkRow(network: NetworkRecord, { noTrunc }: { noTrunc: boolean }): object {
  const labels = Object.entries(network.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    ...networkFields(network),
    ID: noTrunc ? network.id : network.id.slice(0, 12),
    Labels: labels.join(","),
  };
}
