import { rephrase } from "../../errors.ts";
import { checkContainersConf } from "./check.ts";
import { type ContainersConf, schema, unused } from "./containers-conf-keys.ts";
import type { ContainersConfFiles } from "./files.ts";
import { badConfig, parseToml, readTomlText, type Table } from "./toml.ts";
import { type Appending, member, mergeTable, tableIn } from "./toml-tables.ts";

/** The tables of the file, and Podman's names of what it reads them into, which its errors have. */
const tables: Record<string, string> = {
  configmaps: "ConfigMapConfig",
  containers: "ContainersConfig",
  engine: "EngineConfig",
  farms: "FarmConfig",
  machine: "MachineConfig",
  network: "NetworkConfig",
  podmansh: "PodmanshConfig",
  secrets: "SecretConfig",
};

/** Reads the files over each other, the weakest first. */
export function readContainersConf({ system, additional }: ContainersConfFiles): ContainersConf {
  const merged = Object.fromEntries(Object.keys(tables).map((name) => [name, {} as Table]));
  const appending: Appending = new Set();
  for (const file of [...system, ...additional]) {
    try {
      merge(merged, file, appending);
    } catch (error) {
      const kind = system.includes(file) ? "system" : "additional";
      throw rephrase(error, { prefix: `reading ${kind} config ${JSON.stringify(file)}: ` });
    }
  }
  const conf = merged as unknown as ContainersConf;
  checkContainersConf(conf);
  return conf;
}

function merge(into: Record<string, Table>, file: string, appending: Appending): void {
  const text = readTomlText(file);
  const document = parseToml(text, file);
  const tell = (what: string) => badConfig(file, what);
  for (const [name, type] of Object.entries(tables)) {
    const found = member(document, name);
    if (found === undefined) continue;
    const place = { text, key: found.written, name, appending, tell };
    const keys = { ...schema[name as keyof typeof schema], ...unused[name] };
    mergeTable(into[name] as Table, tableIn(found.value, `config.${type}`, place), keys, place);
  }
}
