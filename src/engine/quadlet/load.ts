import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../../errors.ts";
import { dropInDirectories, kindOf, kinds } from "../../oci/quadlet/names.ts";
import { UnitFile } from "../../oci/quadlet/unit-file.ts";

export interface Loaded {
  units: UnitFile[];
  /** Drop-ins that can't be read: their files are units without them. */
  problems: EngineError[];
  /** By the file that is no unit therefore. */
  failures: { name: string; path: string; error: EngineError }[];
}

/** The Quadlet files of some directories with their drop-ins, in the order in which they refer to each other. */
export function loadUnits(directories: readonly string[], debug: (line: string) => void): Loaded {
  const seen = new Set<string>();
  const loaded: Loaded = { units: [], problems: [], failures: [] };
  for (const directory of directories) {
    for (const name of namesIn(directory).filter(kindOf)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const file = path.join(directory, name);
      debug(`Loading source unit file ${file}`);
      orCollect(
        () => loaded.units.push(readUnit(file)),
        (error) => loaded.failures.push({ name, path: file, error }),
      );
    }
  }
  for (const unit of loaded.units) addDropIns(unit, directories, loaded.problems, debug);
  const order = ({ name }: UnitFile) => kinds.indexOf(kindOf(name) ?? "pod");
  loaded.units.sort((a, b) => order(a) - order(b));
  return loaded;
}

/** Of drop-ins with one name the most specific counts; all are added in the order of their names. */
function addDropIns(
  unit: UnitFile,
  directories: readonly string[],
  problems: EngineError[],
  debug: (line: string) => void,
): void {
  const files = new Map<string, string>();
  for (const name of dropInDirectories(unit.name)) {
    for (const directory of directories.map((each) => path.join(each, name))) {
      for (const file of namesIn(directory).filter((each) => each.endsWith(".conf"))) {
        if (!files.has(file)) files.set(file, path.join(directory, file));
      }
    }
  }
  for (const [, file] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    debug(`Loading source drop-in file ${file}`);
    orCollect(
      () => unit.merge(readUnit(file)),
      (error) => problems.push(error),
    );
  }
}

function orCollect(attempt: () => void, collect: (error: EngineError) => void): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    collect(error);
  }
}

function namesIn(directory: string): string[] {
  try {
    return fs.readdirSync(directory).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}

function readUnit(file: string): UnitFile {
  try {
    return UnitFile.parse(fs.readFileSync(file, "utf8"), file);
  } catch (cause) {
    throw new EngineError("unreadable-unit", `error loading "${file}", ${reasonOf(cause)}`, { cause });
  }
}
