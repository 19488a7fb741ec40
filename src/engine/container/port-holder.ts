import * as fs from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { socketOwner } from "../../host/outside.ts";
import { type ListeningSocket, listeningSockets } from "../../host/sockets.ts";
import type { PortMapping } from "../../oci/container.ts";
import { type ContainerRecord, listRecords } from "../../runtime/records.ts";
import { isActive, readStatus } from "../../runtime/status.ts";

/** Says who has the port that a start failed on, as far as it can be seen. Other errors pass through. */
export function explainPortInUse(ctx: Context, record: ContainerRecord, error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== "port-in-use") return error;
  const hint = holderContainer(ctx, record) ?? holderProcess(record.config.ports);
  return new EngineError(error.code, error.message, { hint, cause: error });
}

function holderContainer(ctx: Context, { id, config }: ContainerRecord): string | undefined {
  for (const other of listRecords(ctx)) {
    if (other.id === id || !isActive(readStatus(ctx, other.id).state)) continue;
    const port = other.config.ports.find((one) =>
      config.ports.some(({ hostPort, protocol }) => hostPort === one.hostPort && protocol === one.protocol),
    );
    if (port)
      return `container ${other.name} publishes port ${port.hostPort}; stop it, or publish another port`;
  }
  return undefined;
}

function holderProcess(ports: readonly PortMapping[]): string {
  const sockets = ports.flatMap((port) =>
    listeningSockets(port.protocol).filter((socket) => socket.port === port.hostPort),
  );
  const [socket] = sockets;
  if (!socket) return "publish another port";
  const owner = processOf(socket) ?? (socket.uid === 0 ? "a process of yours" : "a process of another user");
  return `${owner} has port ${socket.port} (\`ss -lntup\` tells more); publish another port`;
}

/** Those of our own user namespace show their descriptors to us; others only to who is outside of it. */
function processOf({ inode }: ListeningSocket): string | undefined {
  return processHere(inode) ?? socketOwner(inode);
}

function processHere(inode: string): string | undefined {
  const wanted = `socket:[${inode}]`;
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const has = fs
        .readdirSync(`/proc/${pid}/fd`)
        .some((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === wanted);
      if (has) return `process ${pid} (${fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim()})`;
    } catch {
      // not ours to see, or gone
    }
  }
  return undefined;
}
