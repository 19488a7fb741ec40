/**
 * The generator that makes services of Quadlet files (systemd.generator(7)): systemd runs it at each `daemon-reload`, so
 * it reads, writes and ends. Flags are those of Podman's, with one dash or two.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { unitDirectories } from "../engine/quadlet/directories.ts";
import { generateServices, writeService } from "../engine/quadlet/generate.ts";
import { EngineError } from "../errors.ts";
import { createContext } from "../host/context.ts";
import { print, printError, printLine } from "./output.ts";

const flags = ["dryrun", "no-kmsg-log", "user", "v", "version"] as const;
type Flag = (typeof flags)[number];

export async function generateUnits(argv: readonly string[]): Promise<number> {
  const given = new Set<Flag>();
  const rest = [...argv];
  while (rest[0]?.startsWith("-")) {
    const name = (rest.shift() as string).replace(/^--?/, "") as Flag;
    if (!flags.includes(name)) {
      printError(
        `flag provided but not defined: -${name}\nUsage: coracle-user-generator [${flags.map((each) => `-${each}`).join("] [")}] OUTPUT-DIRECTORY`,
      );
      return 2;
    }
    given.add(name);
  }
  if (given.has("version")) {
    const { versionReport } = await import("./version.ts");
    printLine(versionReport().Client.Version);
    return 0;
  }
  const dryRun = given.has("dryrun");
  const log = new GeneratorLog(dryRun || given.has("no-kmsg-log"));
  const [output] = rest;
  if (output === undefined && !dryRun) {
    log.write("missing output directory argument");
    return 1;
  }
  return generate(dryRun ? undefined : output, log, dryRun || given.has("v"));
}

function generate(output: string | undefined, log: GeneratorLog, verbose: boolean): number {
  const { uid, binDir, home } = createContext();
  const debug = verbose ? (line: string) => log.write(line) : () => {};
  const directories = unitDirectories(uid, process.env, home, (text) => log.write(text));
  const { services, errors, warnings } = generateServices(directories, {
    program: path.join(binDir, "coracle"),
    debug,
  });
  if (services.length === 0) debug(`No files parsed from [${directories.join(" ")}]`);
  if (output !== undefined && services.length > 0) fs.mkdirSync(output, { recursive: true });
  for (const service of services) {
    if (output === undefined) {
      print(`---${service.name}---\n${service}\n`);
      continue;
    }
    try {
      writeService(service, output, "coracle-user-generator");
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      errors.push(error.message);
    }
  }
  for (const line of [...warnings, ...errors]) log.write(line);
  if (errors.length === 0) return 0;
  log.write("processing encountered some errors");
  return 1;
}

/** The kernel's log is the one place that a generator of the system can write to; the user's has the journal as stderr. */
class GeneratorLog {
  #kernel: number | undefined;

  constructor(stderrOnly: boolean) {
    if (stderrOnly) return;
    try {
      this.#kernel = fs.openSync("/dev/kmsg", "w");
    } catch {
      // ordinary users mostly may not
    }
  }

  write(text: string): void {
    const line = `quadlet-generator[${process.pid}]: ${text}`;
    try {
      if (this.#kernel === undefined) printError(line);
      else fs.writeSync(this.#kernel, line);
    } catch {
      printError(line);
    }
  }
}
