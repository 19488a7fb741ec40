import type { InspectedNetwork } from "../engine/network/inspect.ts";
import type { NetworkRecord } from "../oci/network.ts";
import { goValue, type Structs } from "./template/types.ts";

/** The Go types behind what is shown of a network. */
const network =
  "Name string name, ID string id, Driver string driver, NetworkInterface string network_interface," +
  "Created time.Time created, Subnets []types.Subnet subnets, Routes []types.Route routes," +
  "IPv6Enabled bool ipv6_enabled, Internal bool internal, DNSEnabled bool dns_enabled," +
  "NetworkDNSServers []string network_dns_servers, Labels map[string]string labels," +
  "Options map[string]string options, IPAMOptions map[string]string ipam_options";

export const networkStructs: Structs = {
  "network.ListPrintReports": network.replace("Labels map[string]string", "Labels string"),
  "types.NetworkInspectReport": `${network}, Containers map[string]types.NetworkContainerInfo containers`,
  "types.Subnet":
    "Subnet types.IPNet subnet, Gateway net.IP gateway, LeaseRange *types.LeaseRange lease_range",
  "types.LeaseRange": "StartIP net.IP start_ip, EndIP net.IP end_ip",
  "types.Route": "Destination types.IPNet destination, Gateway net.IP gateway, Metric *uint32 metric",
  "types.NetworkContainerInfo": "Name string name, Interfaces map[string]types.NetInterface interfaces",
  "types.NetInterface": "Subnets []types.NetAddress subnets, MacAddress types.HardwareAddr mac_address",
  "types.NetAddress": "IPNet types.IPNet ipnet, Gateway net.IP gateway",
};

/** A network with the containers that are connected, as templates of `inspect` see it. */
export function inspectedFields(inspected: InspectedNetwork): object {
  return goValue(inspected, "types.NetworkInspectReport", networkStructs) as object;
}

/** The same for a row of `ls`, where ids are short and labels are text. */
export function networkRow(record: NetworkRecord, { noTrunc }: { noTrunc: boolean }): object {
  const labels = Object.entries(record.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const shown = { ...record, id: noTrunc ? record.id : record.id.slice(0, 12), labels: labels.join(",") };
  return goValue(shown, "network.ListPrintReports", networkStructs) as object;
}
