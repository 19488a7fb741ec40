import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { type ContainerRecord, findRecord, listRecords } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";

/**
 * A running container's published ports as `80/tcp` and `0.0.0.0:8080`; those of one container port when it is given,
 * which must be among them if there are any.
 */
export function publishedPorts(
  ctx: Context,
  nameOrId: string,
  wanted: string | undefined,
): { id: string; ports: { container: string; host: string }[] } {
  const { id, name, config } = findRecord(ctx, nameOrId);
  if (wanted !== undefined && !/^\d+(\/|$)/.test(wanted)) {
    const number = JSON.stringify(wanted.split("/")[0]);
    throw new EngineError("bad-port", `strconv.ParseUint: parsing ${number}: invalid syntax`);
  }
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

/** Says who has the port that a start failed on: one of our containers, or how to find out. Other errors pass through. */
export function explainPortInUse(ctx: Context, record: ContainerRecord, error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== "port-in-use") return error;
  const wanted = record.config.ports.map((port) => port.hostPort);
  for (const other of listRecords(ctx)) {
    if (other.id === record.id || !isActive(readStatus(ctx, other.id).state)) continue;
    const port = other.config.ports.find((one) => wanted.includes(one.hostPort));
    if (port) {
      return new EngineError(error.code, error.message, {
        hint: `container ${other.name} publishes port ${port.hostPort}; stop it, or publish another port`,
        cause: error,
      });
    }
  }
  const hint = `\`ss -lntup\` shows which process has it; publish another port`;
  return new EngineError(error.code, error.message, { hint, cause: error });
}
