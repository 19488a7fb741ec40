/** Child processes of tests: run to their end, or kept and watched. Output is kept as bytes. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface RunOptions {
  /** Written to stdin; without it stdin is /dev/null. */
  input?: string | Buffer;
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Milliseconds; then the process is killed and the promise fails. */
  timeout?: number;
}

export interface RunResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  stdoutBytes: Buffer;
  stderrBytes: Buffer;
}

const DEFAULT_TIMEOUT = 30_000;

export class Running {
  readonly child: ChildProcess;
  readonly done: Promise<RunResult>;
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];

  constructor(argv: string[], options: RunOptions & { keepStdin?: boolean } = {}) {
    const [program, ...args] = argv as [string, ...string[]];
    const stdin = options.input !== undefined || options.keepStdin ? "pipe" : "ignore";
    const { cwd, env } = options;
    this.child = spawn(program, args, {
      ...(cwd && { cwd }),
      env: env ?? process.env,
      stdio: [stdin, "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => this.out.push(chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.err.push(chunk));
    // A program may end without reading its input.
    this.child.stdin?.on("error", () => {});
    if (options.input !== undefined) this.child.stdin?.end(options.input);
    this.done = this.wait(argv, options.timeout ?? DEFAULT_TIMEOUT);
    this.done.catch(() => {});
  }

  get stdout(): string {
    return Buffer.concat(this.out).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.err).toString();
  }

  /** Until stdout and stderr together match. */
  async waitForOutput(pattern: RegExp, timeout = 10_000): Promise<RegExpExecArray> {
    const found = () => pattern.exec(this.stdout + this.stderr);
    await waitUntil(() => found() !== null || this.child.exitCode !== null, {
      timeout,
      what: `output ${pattern}`,
    });
    const match = found();
    if (!match) throw new Error(`ended without ${pattern}:\n${this.stdout}${this.stderr}`);
    return match;
  }

  private wait(argv: string[], timeout: number): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.child.kill("SIGKILL");
        reject(new Error(`no end after ${timeout} ms: ${argv.join(" ")}\n${this.stdout}${this.stderr}`));
      }, timeout);
      this.child.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      // `close` waits for the pipes: a background process that keeps one open shows up as a timeout.
      this.child.on("close", (exitCode, signal) => {
        clearTimeout(timer);
        const [stdoutBytes, stderrBytes] = [Buffer.concat(this.out), Buffer.concat(this.err)];
        const [stdout, stderr] = [stdoutBytes.toString(), stderrBytes.toString()];
        resolve({ exitCode, signal, stdout, stderr, stdoutBytes, stderrBytes });
      });
    });
  }
}

export function run(argv: string[], options: RunOptions = {}): Promise<RunResult> {
  return new Running(argv, options).done;
}

export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  options: { timeout?: number; what?: string } = {},
): Promise<void> {
  const deadline = Date.now() + (options.timeout ?? 10_000);
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${options.what ?? "a condition"}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether it runs; a zombie doesn't. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** kill -9, which takes effect when the process is scheduled next: returns when it has ended, if it hadn't before. */
export async function killNow(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
  await waitUntil(() => !isAlive(pid), { what: `the end of process ${pid}` });
}

/** Its words with NUL between them; "" for a process that has ended, maybe just now. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
