import { expect, test } from "vitest";
import { startContainerMonitor } from "../../../src/runtime/monitor.ts";
import { useStore } from "../../support/store.ts";

const store = useStore();

test("a monitor that could not be started is no monitor that ended", async () => {
  const ctx = { ...store(), binDir: "/nonexistent" };
  const relay = startContainerMonitor(ctx, ctx.graphRoot, { attach: [], detachKeys: "" });
  await expect(relay.started()).rejects.toThrow(/^start coracle-monitor: /);
});
