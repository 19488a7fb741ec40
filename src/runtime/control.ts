import * as fs from "node:fs";
import type * as net from "node:net";
import * as path from "node:path";
import { EngineError, isErrno } from "../errors.ts";

/** Client of a monitor's attach socket (frames in native/PROTOCOL.md §3), for control only: it carries no stdio. */

export interface ExitEvent {
  exitCode: number;
  signal: number;
  oomKilled: boolean;
}

/** A start that failed is told as an error, of which the exit code may be left out. */
function exitOf({ exitCode = 125, signal = 0, oomKilled = false }: Partial<ExitEvent>): ExitEvent {
  return { exitCode, signal, oomKilled };
}

/** What a health check has shown, or that it took too long. */
export type HealthAnswer = "healthy" | "unhealthy" | "starting" | "timeout";

interface Answer {
  ok: boolean;
  health?: HealthAnswer;
  code?: string;
  message?: string;
}

function frame(type: string, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, "latin1");
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

/** Splits a byte stream into frames; keeps the incomplete rest. */
function takeFrames(pending: Buffer): { frames: { type: string; payload: Buffer }[]; rest: Buffer } {
  const frames: { type: string; payload: Buffer }[] = [];
  let offset = 0;
  while (pending.length - offset >= 5) {
    const length = pending.readUInt32LE(offset + 1);
    if (pending.length - offset - 5 < length) break;
    frames.push({
      type: String.fromCharCode(pending[offset] as number),
      payload: pending.subarray(offset + 5, offset + 5 + length),
    });
    offset += 5 + length;
  }
  return { frames, rest: pending.subarray(offset) };
}

function monitorGone(): EngineError {
  return new EngineError("monitor-gone", "the container's monitor ended before it answered");
}

/** One connection. Everything pending fails or ends when the monitor is gone: its death closes the socket. */
export class MonitorConnection {
  private pending: Buffer = Buffer.alloc(0);
  private readonly answers: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  private readonly socket: net.Socket;
  private exit: ExitEvent | undefined;
  private readonly closed: Promise<void>;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        for (const waiting of this.answers.splice(0)) waiting.reject(monitorGone());
        resolve();
      });
    });
    socket.on("error", () => {}); // "close" follows and is what counts
    socket.on("data", (data: Buffer) => this.receive(data));
    socket.write(frame("H", Uint8Array.of(0)));
  }

  /** Connects; undefined when nobody listens (the container has ended meanwhile). */
  static async open(socketPath: string): Promise<MonitorConnection | undefined> {
    // sun_path holds 107 bytes; through the directory's descriptor any path fits.
    let directory: number;
    try {
      directory = fs.openSync(path.dirname(socketPath), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
    try {
      const socket = await new Promise<net.Socket | undefined>((resolve, reject) => {
        // Loaded when somebody talks to a monitor: it takes two milliseconds.
        const connection = process
          .getBuiltinModule("node:net")
          .createConnection(`/proc/self/fd/${directory}/${path.basename(socketPath)}`);
        connection.once("connect", () => {
          connection.removeAllListeners("error");
          resolve(connection);
        });
        connection.once("error", (error) => {
          if (isErrno(error, "ENOENT", "ECONNREFUSED", "ECONNRESET")) resolve(undefined);
          else reject(error);
        });
      });
      return socket && new MonitorConnection(socket);
    } finally {
      fs.closeSync(directory);
    }
  }

  private receive(data: Buffer): void {
    const { frames, rest } = takeFrames(Buffer.concat([this.pending, data]));
    this.pending = Buffer.from(rest);
    for (const { type, payload } of frames) {
      if (type === "A") this.answers.shift()?.resolve(JSON.parse(payload.toString()) as Answer);
      else if (type === "X") this.exit = exitOf(JSON.parse(payload.toString()) as Partial<ExitEvent>);
    }
  }

  private async ask(type: string, payload?: Uint8Array): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      if (this.socket.destroyed) return reject(monitorGone());
      this.answers.push({ resolve, reject });
      this.socket.write(frame(type, payload));
    });
    if (!answer.ok)
      throw new EngineError(answer.code ?? "monitor-failed", answer.message ?? "the monitor refused");
    return answer;
  }

  async kill(signal: number): Promise<void> {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(signal);
    await this.ask("K", payload);
  }

  /** Stops the container; returns when it has ended. `timeout` in seconds, -1 and signal 0: the container's own. */
  async stop(timeout: number, signal = 0): Promise<void> {
    const payload = Buffer.alloc(8);
    payload.writeInt32LE(timeout, 0);
    payload.writeUInt32LE(signal, 4);
    try {
      await this.ask("T", payload);
    } catch (error) {
      // The end of the monitor is what was asked for.
      if (!(error instanceof EngineError && error.code === "monitor-gone")) throw error;
    }
  }

  async start(): Promise<void> {
    await this.ask("G");
  }
  async pause(): Promise<void> {
    await this.ask("P");
  }
  /** Pauses until this connection ends, however it does, or `resume`. */
  async hold(): Promise<void> {
    await this.ask("F");
  }
  async resume(): Promise<void> {
    await this.ask("U");
  }

  /** Has `restart` and `health` read from monitor.json anew. */
  async reload(): Promise<void> {
    await this.ask("L");
  }

  /** Brings its networks in line with monitor.json; `anew`: all of them are made anew. */
  async changeNetworks(anew: boolean): Promise<void> {
    await this.ask("N", Uint8Array.of(anew ? 1 : 0));
  }

  /** Has the container's health checked now. */
  async checkHealth(): Promise<HealthAnswer> {
    return (await this.ask("V")).health as HealthAnswer;
  }

  /** Waits until the monitor has ended; the exit event if it told one. */
  async waitClosed(): Promise<ExitEvent | undefined> {
    await this.closed;
    return this.exit;
  }

  close(): void {
    this.socket.destroy();
  }
}
