import type { ContainerConfig, NamespaceMode, NetworkMode } from "../../oci/container.ts";
import { publishesPorts } from "../../oci/network-flag.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { type ContainerStatus, isActive } from "../../runtime/status.ts";
import { sortedKeys } from "./inspect-values.ts";

type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** `{"80/tcp": [{HostIp, HostPort}]}`, null for a port that is only exposed. */
export function portBindings(config: ContainerConfig): Bindings {
  const bindings: Bindings = Object.fromEntries(config.exposed.map((port) => [withProtocol(port), null]));
  for (const { containerPort, protocol, hostIp, hostPort } of config.ports) {
    const key = `${containerPort}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return sortedKeys(bindings);
}

/** `{"80/tcp": {}}`: all ports of the container, published or not. */
export function exposedPorts(config: ContainerConfig): { ExposedPorts?: Record<string, object> } {
  const ports = Object.keys(portBindings(config));
  return ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) } : {};
}

function withProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

export function networkSettings({ config }: ContainerRecord, status: ContainerStatus) {
  const addresses = {
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    MacAddress: "",
  };
  const own = publishesPorts(config.network);
  const pid = isActive(status.state) ? status.last?.init?.pid : undefined;
  const mode = namespaceMode(config.network);
  const network = { ...addresses, NetworkID: mode, DriverOpts: null, IPAMConfig: null, Links: null };
  return {
    ...addresses,
    Bridge: "",
    SandboxID: "",
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    Ports: own ? portBindings(config) : {},
    SandboxKey: own && pid !== undefined ? `/proc/${pid}/ns/net` : "",
    ...(config.network.kind === "container" ? {} : { Networks: { [mode]: network } }),
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
