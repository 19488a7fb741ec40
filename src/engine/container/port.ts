import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { findRecord } from "../../runtime/records.ts";
import { readStatus } from "../../runtime/status.ts";
import { networkOwner } from "./network-owner.ts";

/**
 * A running container's published ports as `80/tcp` and `0.0.0.0:8080`; those of one container port when it is given,
 * which must be among them if there are any.
 */
export function publishedPorts(
  ctx: Context,
  nameOrId: string,
  wanted: string | undefined,
): { id: string; ports: { container: string; host: string }[] } {
  const record = findRecord(ctx, nameOrId);
  const { id, name } = record;
  const { config } = networkOwner(ctx, record);
  if (wanted !== undefined && !/^\d+(\/|$)/.test(wanted)) {
    throw badPort(wanted, "invalid syntax");
  }
  if (wanted !== undefined && Number.parseInt(wanted, 10) > 65535)
    throw badPort(wanted, "value out of range");
  if (config.ports.length === 0 || readStatus(ctx, id).state !== "running") return { id, ports: [] };
  const port = wanted === undefined || wanted.includes("/") ? wanted : `${wanted}/tcp`;
  const ports = config.ports
    .map((one) => ({
      container: `${one.containerPort}/${one.protocol}`,
      host: `${one.hostIp || "0.0.0.0"}:${one.hostPort}`,
    }))
    .filter((one) => port === undefined || one.container === port);
  if (port !== undefined && ports.length === 0) {
    throw new EngineError("no-such-port", `failed to find published port "${wanted}"`, {
      hint: `\`coracle port ${name}\` lists them`,
    });
  }
  return { id, ports };
}

function badPort(wanted: string, what: string): EngineError {
  const number = JSON.stringify(wanted.split("/")[0]);
  return new EngineError("bad-port", `strconv.ParseUint: parsing ${number}: ${what}`);
}
