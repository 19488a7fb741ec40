import type { Readable } from "node:stream";
import { EngineError } from "../errors.ts";
import type { Context } from "./context.ts";
import { nativeError, nativePath, spawnNative } from "./native.ts";

export interface LayerToolStreams {
  /** An open file, or a stream that is read to its end. */
  stdin?: number | Readable;
  /** An open file to write to; else stdout is returned. */
  stdout?: number;
}

/**
 * Runs coracle-layer to its end and returns its stdout. When both it and the stream it read from fail, the stream's
 * error wins: the tool only saw its input end early.
 */
export async function runLayerTool(
  ctx: Context,
  args: string[],
  streams: LayerToolStreams = {},
): Promise<Buffer> {
  const { stdin, stdout } = streams;
  const child = spawnNative(ctx, "coracle-layer", args, {
    stdio: [
      stdin === undefined ? "ignore" : typeof stdin === "number" ? stdin : "pipe",
      stdout ?? "pipe",
      "pipe",
    ],
  });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", (error) => reject(cannotRun(ctx, error)));
    child.once("close", (status, signal) => resolve([status, signal]));
  });
  const [fed, end] = await Promise.allSettled([feed(stdin, child.stdin), ended]);
  if (end.status === "rejected") throw end.reason;
  if (fed.status === "rejected") throw fed.reason;
  const [status, signal] = end.value;
  if (status !== 0) throw nativeError("coracle-layer", status, signal, Buffer.concat(errors).toString());
  return Buffer.concat(output);
}

async function feed(
  source: number | Readable | undefined,
  target: NodeJS.WritableStream | null,
): Promise<void> {
  if (typeof source !== "object" || target === null) return;
  // Loaded here: streams take more than a millisecond, which commands that only read don't pay.
  const { pipeline } = process.getBuiltinModule("node:stream/promises");
  let sourceError: unknown;
  source.once("error", (error) => {
    sourceError = error;
  });
  try {
    await pipeline(source, target);
  } catch {
    // The tool stopped reading: it says why itself. Only the source's own failure counts here.
    if (sourceError !== undefined && !isClosedPipe(sourceError)) throw sourceError;
  }
}

function isClosedPipe(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ABORT_ERR";
}

function cannotRun(ctx: Context, cause: Error): EngineError {
  return new EngineError(
    "native-missing",
    `cannot run ${nativePath(ctx, "coracle-layer")}: ${cause.message}`,
    {
      hint: "build it with `npm run build`",
      cause,
    },
  );
}
