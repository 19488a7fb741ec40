import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { EngineError, isErrno } from "../errors.ts";
import type { Context } from "./context.ts";
import { nativeError, nativePath, spawnNative } from "./spawn.ts";

/** Does what the tool waits for; `notify` tells it that there is more. `signal` says that the tool has ended. */
export type Feeder = (notify: () => void, signal: AbortSignal) => Promise<void>;

export interface LayerToolStreams {
  /** An open file, a stream that is read to its end, or who tells the tool how far its input has come. */
  stdin?: number | Readable | Feeder;
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
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  const feeding = typeof stdin === "function" ? notifyOf(child, stdin) : feed(stdin, child.stdin);
  const [fed, end] = await Promise.allSettled([feeding, failureOf(ctx, child)]);
  if (end.status === "rejected") throw end.reason;
  if (fed.status === "rejected") throw fed.reason;
  if (end.value) throw end.value;
  return Buffer.concat(output);
}

/** Waits for its end; undefined when that was a good one. */
function failureOf(ctx: Context, child: ChildProcess): Promise<EngineError | undefined> {
  const errors: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(cannotRun(ctx, error)));
    child.once("close", (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(nativeError("coracle-layer", status, signal, Buffer.concat(errors).toString()));
    });
  });
}

/**
 * `FROM | TO`, both by the layer tool; a missing end is our own stdin or stdout. Returns what the second one printed.
 */
export async function pipeLayerTool(
  ctx: Context,
  from: string[] | null,
  to: string[] | null,
): Promise<Buffer> {
  const reader =
    from && spawnNative(ctx, "coracle-layer", from, { stdio: ["ignore", to ? "pipe" : "inherit", "pipe"] });
  const writer =
    to && spawnNative(ctx, "coracle-layer", to, { stdio: [from ? "pipe" : "inherit", "pipe", "pipe"] });
  const output: Buffer[] = [];
  writer?.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  if (reader?.stdout && writer?.stdin) {
    writer.stdin.on("error", () => {}); // the writer tells itself why it stopped
    reader.stdout.pipe(writer.stdin);
  }
  const ends = [reader, writer].filter((child) => child !== null).map((child) => failureOf(ctx, child));
  const errors = (await Promise.all(ends)).filter((error) => error !== undefined);
  // When the writer fails the reader's broken pipe is only a consequence.
  const error = errors.at(-1);
  if (error) throw error;
  return Buffer.concat(output);
}

/** The feeder's failure ends the tool, and the end of the tool the feeder. */
async function notifyOf(child: ChildProcess, feeder: Feeder): Promise<void> {
  const stdin = child.stdin as Writable;
  const gone = new AbortController();
  child.once("exit", () => gone.abort());
  // The tool may end at any time.
  stdin.on("error", () => {});
  try {
    // One byte that it hasn't read yet tells it as much as many.
    await feeder(() => stdin.writableNeedDrain || stdin.write("."), gone.signal);
    stdin.end();
  } catch (error) {
    // Then the tool says why.
    if (gone.signal.aborted) return;
    child.kill("SIGKILL");
    throw error;
  }
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
      hint: isErrno(cause, "ENOENT") ? "build it with `npm run build`" : undefined,
      cause,
    },
  );
}
