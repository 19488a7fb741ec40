import * as fs from "node:fs";
import { EngineError, reasonOf } from "../errors.ts";

/** A file that --authfile names must be there. */
export function checkAuthFile(file: string): void {
  try {
    fs.statSync(file);
  } catch (error) {
    const reason = `credential file is not accessible: faccessat ${file}: ${reasonOf(error)}`;
    throw new EngineError("no-authfile", reason, {
      hint: "`coracle login --authfile` makes one",
      cause: error,
    });
  }
}
