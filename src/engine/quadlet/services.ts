import { EngineError } from "../../errors.ts";
import { findProgram } from "../../host/programs.ts";
import { runProgram } from "../../host/spawn.ts";

/** Asks the user's systemd, which knows us: these commands run outside of the user namespace. */
export function systemctl(what: string, args: string[], system = false): string {
  const program = findProgram("systemctl");
  const { status, stdout, stderr } = program
    ? runProgram(program, [...(system ? [] : ["--user"]), ...args])
    : { status: 1, stdout: "", stderr: "systemctl is not installed" };
  if (status === 0) return stdout;
  throw new EngineError("no-systemd", `${what}: ${stderr.trim() || `systemctl exits with ${status}`}`, {
    hint: "these commands need the user's systemd; `loginctl enable-linger` keeps it running",
  });
}

export interface ServiceState {
  load: string;
  active: string;
  sub: string;
}

export function serviceStates(names: readonly string[]): Map<string, ServiceState> {
  const states = new Map<string, ServiceState>();
  if (names.length === 0) return states;
  const properties = "--property=Id,LoadState,ActiveState,SubState";
  for (const block of systemctl("querying systemd for unit status", ["show", properties, ...names]).split(
    "\n\n",
  )) {
    const values = Object.fromEntries(
      block
        .trim()
        .split("\n")
        .map((line) => line.split("=", 2)),
    );
    const { Id, LoadState, ActiveState, SubState } = values as Record<string, string>;
    if (Id) states.set(Id, { load: LoadState ?? "", active: ActiveState ?? "", sub: SubState ?? "" });
  }
  return states;
}

export function reloadSystemd(): void {
  systemctl("reloading systemd", ["daemon-reload"]);
}
