import * as os from "node:os";
import type { Context } from "../../host/context.ts";
import { pasta, pastaAddress, pastaResolver } from "../../network/pasta.ts";
import { slirp4netns } from "../../network/slirp4netns.ts";
import type { MonitorNetwork } from "../../runtime/monitor.ts";
import type { ContainerRecord } from "../../runtime/records.ts";

/** What a start makes of a container's network. */
export interface ContainerNetwork {
  monitor: MonitorNetwork;
  /** The container's own address; "" where it has none. */
  address: string;
  /** Resolvers of the network, asked before the host's; "" for none. */
  resolver: string;
  ipv6: boolean;
  /** Address under which the container reaches the host; "" where it doesn't. */
  hostAddress: string;
}

export function prepareNetwork(ctx: Context, record: ContainerRecord): ContainerNetwork {
  const { network, ports } = record.config;
  const hostAddress = configuredHostAddress(ctx) ?? hostAddresses()[0] ?? "";
  const nothing = { address: "", resolver: "", ipv6: false, hostAddress };
  switch (network.kind) {
    case "none":
      return { ...nothing, monitor: { mode: "none" }, address: "127.0.0.1" };
    case "host":
      return { ...nothing, monitor: { mode: "host" }, ipv6: true };
    case "slirp4netns": {
      const { program, args, address, resolver, ipv6, publishes } = containerSlirp(ctx, network.options);
      const forwarder = publishes ? {} : { address };
      const monitor: MonitorNetwork = { mode: "slirp4netns", program, args, ports, ...forwarder };
      return { monitor, address, resolver, ipv6, hostAddress };
    }
    case "pasta": {
      const options = [...(ctx.config.network.pasta_options ?? []), ...network.options];
      // The container has the host's own address: by that it reaches only itself.
      const address = pastaAddress(options) ?? hostAddresses()[0] ?? "";
      const other = hostAddresses().find((one) => one !== address) ?? "";
      return {
        monitor: { mode: "pasta", ...pasta(options, ports) },
        address,
        resolver: pastaResolver(options),
        ipv6: true,
        hostAddress: configuredHostAddress(ctx) ?? other,
      };
    }
    default:
      return { ...nothing, monitor: { mode: "path" } };
  }
}

/** With the program and options of the configuration, where the caller names none. */
function containerSlirp(ctx: Context, options: string[]) {
  const { network_cmd_path, network_cmd_options = [] } = ctx.config.engine;
  const program = ctx.options.networkCommand || network_cmd_path || undefined;
  return slirp4netns([...network_cmd_options, ...options], program);
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
