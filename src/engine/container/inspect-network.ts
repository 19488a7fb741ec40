import type { Context } from "../../host/context.ts";
import { defaultNetworkName } from "../../network/networks.ts";
import type { ContainerConfig, NamespaceMode, NetworkMode, PortMapping } from "../../oci/container.ts";
import { type Lease, networkAliases } from "../../oci/lease.ts";
import { publishesPorts } from "../../oci/network-flag.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";
import { sortedKeys } from "./inspect-values.ts";
import { activeLeases } from "./lease.ts";
import { networkOwner } from "./network-owner.ts";

type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** `{"80/tcp": [{HostIp, HostPort}]}`. All addresses are told as Docker tells them. */
export function portBindings({ ports, network }: ContainerConfig): Bindings {
  return publishesPorts(network) ? sortedKeys(withBindings({}, ports)) : {};
}

/** With null for a port that is only exposed. */
function allPorts({ exposed, ports }: ContainerConfig): Bindings {
  return sortedKeys(
    withBindings(Object.fromEntries(exposed.map((port) => [withProtocol(port), null])), ports),
  );
}

function withBindings(bindings: Bindings, ports: readonly PortMapping[]): Bindings {
  for (const { containerPort, protocol, hostIp, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp || "0.0.0.0", HostPort: String(hostPort) }];
  }
  return bindings;
}

/** `{"80/tcp": {}}`: all ports of the container, published or not. */
export function exposedPorts(config: ContainerConfig): { ExposedPorts?: Record<string, object> } {
  const ports = Object.keys(allPorts(config));
  return ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) } : {};
}

function withProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

const nowhere = {
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  MacAddress: "",
};

/** Of the container whose network it is; the ports that are only exposed are this one's own. */
export function networkSettings(ctx: Context, record: ContainerRecord) {
  const owner = networkOwner(ctx, record);
  const { id, config } = owner;
  const own = publishesPorts(config.network);
  const status = readStatus(ctx, id);
  const pid = isActive(status.state) ? status.last?.init?.pid : undefined;
  const networks = endpoints(ctx, owner);
  const standard = defaultNetworkName(ctx);
  const onDefault = Object.keys(networks ?? {}).join() === standard;
  return {
    // As Podman: of the default network, where there is no other.
    ...(onDefault ? addressesOf(activeLeases(ctx, id)[standard]) : nowhere),
    Bridge: "",
    SandboxID: "",
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    Ports: id === record.id && own ? allPorts(config) : portBindings(config),
    SandboxKey: (own || config.network.kind === "none") && pid !== undefined ? `/proc/${pid}/ns/net` : "",
    Networks: networks,
  };
}

/** By the networks' names; of a network that is the container's own, by its kind. */
function endpoints(ctx: Context, record: ContainerRecord): Record<string, object> | undefined {
  const { network } = record.config;
  if (network.kind === "container") return undefined;
  const rest = { DriverOpts: null, IPAMConfig: null, Links: null };
  if (network.kind !== "bridge") {
    const mode = namespaceMode(network);
    return { [mode]: { ...nowhere, NetworkID: mode, ...rest } };
  }
  const leases = activeLeases(ctx, record.id);
  return sortedKeys(
    Object.fromEntries(
      network.networks.map((attachment) => {
        const { name } = attachment;
        const Aliases = networkAliases(record, attachment);
        return [name, { ...addressesOf(leases[name]), NetworkID: name, ...rest, Aliases }];
      }),
    ),
  );
}

function addressesOf(lease: Lease | undefined): typeof nowhere {
  if (!lease) return nowhere;
  const v4 = lease.addresses.find(({ ip }) => !ip.includes(":"));
  const v6 = lease.addresses.find(({ ip }) => ip.includes(":"));
  return {
    ...nowhere,
    Gateway: v4?.gateway ?? "",
    IPAddress: v4?.ip ?? "",
    IPPrefixLen: v4?.bits ?? 0,
    IPv6Gateway: v6?.gateway ?? "",
    GlobalIPv6Address: v6?.ip ?? "",
    GlobalIPv6PrefixLen: v6?.bits ?? 0,
    MacAddress: lease.mac,
  };
}

/** In the form of the flags: `host`, `container:ID`, `ns:PATH`. */
export function namespaceMode(mode: NamespaceMode | NetworkMode): string {
  switch (mode.kind) {
    case "container":
      return `container:${mode.id}`;
    case "ns":
      return `ns:${mode.path}`;
    default:
      return mode.kind;
  }
}
