import type { Context } from "../../host/context.ts";
import { findHelper } from "../../host/programs.ts";
import { slirp4netns } from "../../network/slirp4netns.ts";
import type { MonitorNetwork } from "../../runtime/monitor.ts";

/** What a start makes of a container's network. */
export interface ContainerNetwork {
  monitor: MonitorNetwork;
  /** The container's own addresses. */
  addresses: string[];
  /** Resolvers of the network, asked before the host's. */
  resolvers: string[];
  /** They know the host's themselves, and what the host's don't. */
  onlyResolvers?: boolean;
  search?: string[];
  ipv6: boolean;
  /** Address under which the container reaches the host; "" where it doesn't. */
  hostAddress: string;
}

/** With the program and options of the configuration, where the caller names none. */
export function containerSlirp(ctx: Context, options: string[]) {
  const { network_cmd_path, network_cmd_options = [] } = ctx.config.engine;
  const named = ctx.options.networkCommand || network_cmd_path;
  const program = named || findHelper(ctx, "slirp4netns", { onPath: true });
  return slirp4netns(program, [...network_cmd_options, ...options]);
}
