import { EngineError } from "../../errors.ts";
import { findProgram } from "../../host/programs.ts";
import { runProgram } from "../../host/spawn.ts";
import { keyAndValue } from "../../oci/key-value.ts";
import { templateParts } from "../../oci/quadlet/names.ts";

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

/** What systemd knows of services; a template is told by its instances, since it has no state itself. */
export function serviceStates(names: readonly string[]): Map<string, ServiceState> {
  const states = new Map<string, ServiceState>();
  if (names.length === 0) return states;
  const query = ["show", "--property=Id,LoadState,ActiveState,SubState", ...names.map(withInstances)];
  for (const block of systemctl("querying systemd for unit status", query).split("\n\n")) {
    const values = Object.fromEntries(block.trim().split("\n").map(keyAndValue));
    const { Id, LoadState, ActiveState, SubState } = values as Record<string, string>;
    if (Id) states.set(Id, { load: LoadState ?? "", active: ActiveState ?? "", sub: SubState ?? "" });
  }
  return states;
}

export function isTemplate(service: string): boolean {
  return templateParts(service)?.instance === "";
}

/** A pattern that systemctl has for them. */
function withInstances(service: string): string {
  return isTemplate(service) ? service.replace("@", "@*") : service;
}

/** Those that systemd could make instances of. */
export function loadedTemplates(services: readonly string[]): Set<string> {
  const names = services.filter(isTemplate);
  const program = findProgram("systemctl");
  if (names.length === 0 || !program) return new Set();
  // Fails where there is none.
  const list = ["--user", "list-unit-files", "--plain", "--no-legend", ...names];
  const { stdout } = runProgram(program, list);
  return new Set(stdout.split("\n").map((line) => line.split(" ", 1)[0] as string));
}

export function reloadSystemd(): void {
  systemctl("reloading systemd", ["daemon-reload"]);
}
