import * as fs from "node:fs";
import * as path from "node:path";
import { reasonOf } from "../../errors.ts";
import type { CdiSpecFile } from "../../oci/cdi.ts";
import { parseCdiSpec } from "../../oci/cdi-spec.ts";
import type { Context } from "../context.ts";

const DEFAULT_DIRECTORIES = ["/etc/cdi", "/var/run/cdi"];

interface CdiSpecs {
  directories: string[];
  files: CdiSpecFile[];
  /** What is wrong with files that can't be used. */
  faults: string[];
}

/** All spec files of the Container Device Interface. */
export async function readCdiSpecs(ctx: Context): Promise<CdiSpecs> {
  const { cdiSpecDirectories } = ctx.options;
  const configured = cdiSpecDirectories ?? ctx.config.engine.cdi_spec_dirs ?? [];
  const directories = configured.length > 0 ? configured : DEFAULT_DIRECTORIES;
  const files: CdiSpecFile[] = [];
  const faults: string[] = [];
  for (const [priority, directory] of directories.entries()) {
    for (const file of specFiles(directory)) {
      try {
        const spec = parseCdiSpec(await parseDocument(fs.readFileSync(file, "utf8")));
        files.push({ priority, spec });
      } catch (error) {
        faults.push(`${file}: ${reasonOf(error).split("\n", 1)[0]}`);
      }
    }
  }
  return { directories, files, faults };
}

function specFiles(directory: string): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // there is none, as on most machines, or it is not ours to read
  }
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(json|yaml)$/.test(entry.name))
    .map((entry) => path.join(directory, entry.name))
    .sort();
}

/** Of version 1.1 like those of Go, where a mode may be 0666. */
async function parseDocument(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { parse } = await import("yaml");
    return parse(text, { version: "1.1", logLevel: "error" });
  }
}
