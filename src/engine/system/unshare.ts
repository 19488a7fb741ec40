import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import { callerEnvironment } from "../../host/caller-environment.ts";
import { type Context, ensureDirectory } from "../../host/context.ts";
import { nativePath, runHere } from "../../host/spawn.ts";
import { bridgePrograms } from "../../network/bridge.ts";
import { bridgesDirectory } from "../../runtime/places.ts";
import { containerSlirp } from "../container/container-network.ts";

/**
 * Runs a command in the user's namespaces, with our stdio, until it ends. Returns its exit code as Podman has it. With
 * `joinBridges` it is in the network namespace of the bridges, too, which is made for it where there is none.
 */
export async function unshare(
  ctx: Context,
  argv: readonly string[],
  { joinBridges }: { joinBridges: boolean },
): Promise<number> {
  const [program, ...args] = (joinBridges ? joining(ctx, argv) : argv) as [string, ...string[]];
  // Who is left behind by the command shares the lock that keeps the namespace.
  const alive = process.env.CORACLE_ALIVE_FD;
  try {
    const { code } = await runHere(program, args, {
      env: environment(ctx),
      ...(alive === undefined ? {} : { descriptors: [Number(alive)] }),
    });
    return code ?? 255;
  } catch (cause) {
    throw cannotRun(program, cause);
  }
}

function joining(ctx: Context, argv: readonly string[]): string[] {
  const directory = bridgesDirectory(ctx);
  ensureDirectory(directory);
  const { program, args } = containerSlirp(ctx, []);
  const bridge = { directory, ...bridgePrograms(ctx), setup: {}, resolve: [] };
  const network = { mode: "bridge", program, args, ports: [], address: "", bridge };
  const setup = JSON.stringify({ network, aliveFile: ctx.aliveFile });
  return [nativePath(ctx, "coracle-monitor"), "join", "--", setup, ...argv];
}

/** As `podman unshare` sets it, so that buildah and its like know where they are. */
function environment(ctx: Context): Record<string, string | undefined> {
  return {
    XDG_CONFIG_HOME: path.join(ctx.home, ".config"),
    TMPDIR: "/var/tmp",
    ...callerEnvironment(),
    // The way back into this namespace.
    CORACLE_RUN: process.env.CORACLE_RUN,
    _CONTAINERS_USERNS_CONFIGURED: "done",
    _CONTAINERS_ROOTLESS_UID: String(ctx.uid),
    _CONTAINERS_ROOTLESS_GID: String(ctx.gid),
    CONTAINERS_GRAPHROOT: ctx.graphRoot,
    CONTAINERS_RUNROOT: ctx.runRoot,
  };
}

function cannotRun(program: string, cause: unknown): EngineError {
  const missing = isErrno(cause, "ENOENT");
  const message =
    missing && !program.includes("/")
      ? `exec: "${program}": executable file not found in $PATH`
      : `fork/exec ${program}: ${reasonOf(cause)}`;
  return new EngineError("exec-failed", message, { exitCode: missing ? 127 : 126, cause });
}
