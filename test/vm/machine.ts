/** Runs scripts in the machine of vm.sh. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Less than what a test has: who waits for longer wants to know what the machine did. */
const PATIENCE_MS = 200_000;

/** Where the guest sees a file of the host. */
export const inGuest = (path: string) => `/host${path}`;

/** `section NAME` begins one of the parts that `sections` takes apart; coracle is on the PATH. */
const prelude = `export PATH=${inGuest(root)}/bin:$PATH
section() { echo "== $1"; }
exec 2>&1
`;

export interface MachineResult {
  exitCode: number | null;
  output: string;
}

export interface MachineOptions {
  session?: "login" | "user";
  /** What is written in the machine goes there, and is there again at the next boot. */
  disk?: string;
  /** Called with all that was printed so far; may kill the machine, as a power cut does. */
  watch?: (output: string, cut: () => void) => void;
}

export class Machines {
  readonly directory = mkdtempSync(join(tmpdir(), "coracle-vm-"));
  #scripts = 0;

  constructor() {
    chmodSync(this.directory, 0o755); // for the guest's ordinary user
  }

  async run(script: string, options: MachineOptions = {}): Promise<MachineResult> {
    const file = join(this.directory, `script-${this.#scripts++}`);
    writeFileSync(file, prelude + script);
    const disk = options.disk ? ["--disk", options.disk] : [];
    // A test runner that is killed takes the machine with it.
    const child = spawn(
      "setpriv",
      [
        "--pdeathsig",
        "KILL",
        "bash",
        join(root, "test/vm/vm.sh"),
        "run",
        "--session",
        options.session ?? "login",
        ...disk,
        file,
      ],
      { stdio: ["ignore", "pipe", "inherit"], detached: true },
    );
    let output = "";
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      cut(child);
    }, PATIENCE_MS);
    child.stdout.on("data", (data) => {
      output += data;
      options.watch?.(output, () => cut(child));
    });
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
    clearTimeout(timer);
    if (isLate) throw new Error(`the machine was still busy after ${PATIENCE_MS / 1000} s:\n${output}`);
    return { exitCode, output };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The machine is in the script's process group, or dies with it. */
function cut(child: ChildProcess): void {
  process.kill(-(child.pid as number), "SIGKILL");
}

export function sections(output: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of output.split(/^== /m).slice(1)) {
    const end = part.indexOf("\n");
    found[part.slice(0, end)] = part.slice(end + 1).trimEnd();
  }
  return found;
}
