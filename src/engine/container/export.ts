import type { Context } from "../../host/context.ts";
import { runLayerTool } from "../../host/layer-tool.ts";
import { withOutput } from "../../host/output-file.ts";
import { recordContainerEvent } from "../../runtime/event-log.ts";
import { findRecord } from "../../runtime/records.ts";
import { withBareRootfs } from "./rootfs.ts";

/** Writes the root filesystem of a container as a tar archive to a file, or to stdout. */
export async function exportContainer(
  ctx: Context,
  nameOrId: string,
  output: string | undefined,
): Promise<void> {
  const record = findRecord(ctx, nameOrId);
  await withOutput(output, "", (fd) =>
    withBareRootfs(ctx, record, (root) => runLayerTool(ctx, ["diff", "--upper", root], { stdout: fd })),
  );
  recordContainerEvent(ctx, record, "export");
}
