import type { RegistriesConf } from "../../oci/registries.ts";
import { registriesConfFiles } from "./files.ts";

let known: Promise<RegistriesConf | undefined> | undefined;

/** What registries.conf, its drop-ins and what Podman has learnt say; undefined where there is none of them. Read once. */
export function registriesConf(): Promise<RegistriesConf | undefined> {
  known ??= read();
  return known;
}

async function read(): Promise<RegistriesConf | undefined> {
  const from = registriesConfFiles();
  if (from.files.length === 0 && from.learnt === undefined) return undefined;
  const { readRegistriesConf } = await import("./registries-conf.ts");
  return readRegistriesConf(from);
}
