import type { Context } from "../../host/context.ts";
import { requireNetavark } from "../../network/bridge.ts";
import { createNetwork as createRecord } from "../../network/networks.ts";
import type { NetworkRequest } from "../../oci/network.ts";
import { recordEvent } from "../../runtime/event-log.ts";

export type { NetworkRequest };

/** The minor versions of netavark 1 that first had them. */
export const DNS_SERVERS = 6;

const ROUTE_OPTIONS = 9;

/** The name of the network. */
export async function createNetwork(
  ctx: Context,
  request: NetworkRequest,
  options: { ignore: boolean },
): Promise<string> {
  if (request.dnsServers.length > 0) requireNetavark(ctx, DNS_SERVERS, "--dns");
  // With rules of netavark's the routes are its, too.
  if (request.options["no_default_route"] !== undefined && request.options["isolate"] !== undefined)
    requireNetavark(ctx, ROUTE_OPTIONS, "--opt no_default_route with isolate");
  const network = await createRecord(ctx, request, options);
  if (!network) return request.name;
  recordEvent(ctx, {
    Type: "network",
    Status: "create",
    ID: network.id,
    Name: network.name,
    Network: network.name,
    Attributes: { driver: network.driver },
  });
  return network.name;
}
