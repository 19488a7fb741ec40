import type { Context } from "../../host/context.ts";
import { requireNetavark } from "../../network/bridge.ts";
import { changeNetwork } from "../../network/networks.ts";
import { checkServer } from "../../oci/network.ts";
import { DNS_SERVERS } from "./create.ts";

/** Other resolvers for names that are no container's. The name of the network. */
export async function updateNetwork(
  ctx: Context,
  nameOrId: string,
  { add, drop }: { add: readonly string[]; drop: readonly string[] },
): Promise<string> {
  if (add.length > 0) requireNetavark(ctx, DNS_SERVERS, "--dns-add");
  for (const server of [...add, ...drop]) checkServer(server);
  const { name } = await changeNetwork(ctx, nameOrId, (network) => {
    const kept = (network.network_dns_servers ?? []).filter((server) => !drop.includes(server));
    const { network_dns_servers: _, labels, options, ipam_options, ...rest } = network;
    const servers = [...new Set([...kept, ...add])];
    return {
      ...rest,
      ...(servers.length > 0 ? { network_dns_servers: servers } : {}),
      ...(labels ? { labels } : {}),
      ...(options ? { options } : {}),
      ipam_options,
    };
  });
  return name;
}
