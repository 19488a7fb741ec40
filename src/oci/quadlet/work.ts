import type { References, UnitTable } from "./references.ts";
import type { UnitFile } from "./unit-file.ts";

export interface Conversion {
  /** What the services run. */
  program: string;
  table: UnitTable;
  exists: (path: string) => boolean;
}

/** What a converter works with: the file, the service it becomes, and the other files. */
export interface Work extends Conversion {
  unit: UnitFile;
  service: UnitFile;
  references: References;
}
