import * as os from "node:os";
import type { Context } from "../../host/context.ts";
import { findHelper } from "../../host/programs.ts";
import { pasta, pastaAddress, pastaResolver } from "../../network/pasta.ts";
import type { MonitorNetwork } from "../../runtime/monitor.ts";
import type { ContainerRecord } from "../../runtime/records.ts";
import { type ContainerNetwork, containerSlirp } from "./container-network.ts";

export async function prepareNetwork(ctx: Context, record: ContainerRecord): Promise<ContainerNetwork> {
  const { network, ports } = record.config;
  const hostAddress = configuredHostAddress(ctx) ?? hostAddresses()[0] ?? "";
  const nothing = { addresses: [], resolvers: [], ipv6: false, hostAddress };
  switch (network.kind) {
    case "none":
      return { ...nothing, monitor: { mode: "none" }, addresses: ["127.0.0.1"] };
    case "host":
      return { ...nothing, monitor: { mode: "host" }, ipv6: true };
    case "slirp4netns": {
      const { program, args, address, resolver, ipv6, publishes } = containerSlirp(ctx, network.options);
      const forwarder = publishes ? {} : { address };
      const monitor: MonitorNetwork = { mode: "slirp4netns", program, args, ports, ...forwarder };
      return { monitor, addresses: [address], resolvers: [resolver], ipv6, hostAddress };
    }
    case "pasta": {
      const options = [...(ctx.config.network.pasta_options ?? []), ...network.options];
      // The container has the host's own address: by that it reaches only itself.
      const address = pastaAddress(options) ?? hostAddresses()[0] ?? "";
      const other = hostAddresses().find((one) => one !== address) ?? "";
      return {
        monitor: { mode: "pasta", ...pasta(findHelper(ctx, "pasta", { onPath: true }), options, ports) },
        addresses: address === "" ? [] : [address],
        resolvers: [pastaResolver(options)],
        ipv6: true,
        hostAddress: configuredHostAddress(ctx) ?? other,
      };
    }
    case "bridge": {
      const { prepareBridge } = await import("./bridge.ts");
      return { ...nothing, ...(await prepareBridge(ctx, record, network.networks)) };
    }
    default:
      return { ...nothing, monitor: { mode: "path" } };
  }
}

/** "" for `none`: the container shall not know the host's. */
function configuredHostAddress(ctx: Context): string | undefined {
  const configured = ctx.config.containers.host_containers_internal_ip;
  if (configured === undefined || configured === "") return undefined;
  return configured === "none" ? "" : configured;
}

/** The host's addresses that aren't loopback ones; a container reaches the host by the first. */
function hostAddresses(): string[] {
  return Object.values(os.networkInterfaces()).flatMap((addresses) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal)
      .map(({ address }) => address),
  );
}
