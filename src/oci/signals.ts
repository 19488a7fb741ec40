import { EngineError } from "../errors.ts";

/** x86, arm and most others; mips and parisc number theirs differently and are not supported. */
const NAMES =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " +
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
const ALIASES: Record<string, number> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };

/** glibc keeps 32 and 33 to itself. */
const RTMIN = 34;
const RTMAX = 64;

let byName: Map<string, number> | undefined;

function numbersByName(): Map<string, number> {
  byName ??= new Map([
    ...NAMES.split(" ").map((name, i) => [name, i + 1] as const),
    ...Object.entries(ALIASES),
  ]);
  return byName;
}

/** `SIGTERM`, `TERM`, `term`, `15`, `RTMIN+3`, `SIGRTMAX-1`, and as for kill(1) `-TERM`, `-15` → number. */
export function parseSignal(given: string): number {
  const text = given.replace(/^-/, "");
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid(text);
    if (number > RTMAX) throw new EngineError("invalid-signal", "valid signals are 1 through 64");
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = numbersByName().get(name) ?? realTime(name);
  if (number === undefined) throw invalid(text);
  return number;
}

function realTime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!match) return undefined;
  const offset = Number(match[3] ?? 0);
  const number = match[1] === "MIN" ? RTMIN + offset : RTMAX - offset;
  const wrongSign = match[2] !== undefined && (match[2] === "+") !== (match[1] === "MIN");
  return wrongSign || number < RTMIN || number > RTMAX ? undefined : number;
}

function invalid(text: string): EngineError {
  return new EngineError("invalid-signal", `invalid signal: ${text}`);
}

/** Those that have names. */
export function signalNames(): string[] {
  return Array.from({ length: RTMAX }, (_, index) => signalName(index + 1)).filter((name) =>
    name.startsWith("SIG"),
  );
}

/** 15 → `SIGTERM`; a number without a name is returned as text. */
export function signalName(number: number): string {
  const name = NAMES.split(" ")[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number === RTMIN) return "SIGRTMIN";
  if (number === RTMAX) return "SIGRTMAX";
  if (number > RTMIN && number <= RTMIN + 15) return `SIGRTMIN+${number - RTMIN}`;
  if (number > RTMIN && number < RTMAX) return `SIGRTMAX-${RTMAX - number}`;
  return String(number);
}
