import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { recordEvent } from "../../runtime/event-log.ts";
import * as volumes from "../../storage/volumes.ts";
import { reapImageLeftovers } from "../image/reap.ts";

export interface CreateVolumeRequest {
  /** Undefined: one is drawn. */
  name?: string | undefined;
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  ignore: boolean;
}

/** Returns the volume's name. */
export async function createVolume(ctx: Context, request: CreateVolumeRequest): Promise<string> {
  if (request.driver !== "local") {
    throw new EngineError("not-supported", `volume driver "${request.driver}" is not supported`, {
      hint: "`local` is the only driver",
    });
  }
  await reapImageLeftovers(ctx);
  const { labels, options, ignore } = request;
  const record = await volumes.createVolume(ctx, request.name, { labels, options, ignoreExisting: ignore });
  recordEvent(ctx, { Type: "volume", Status: "create", Name: record.name });
  return record.name;
}
