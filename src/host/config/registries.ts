import type { RegistriesConf } from "../../oci/registries.ts";
import { registriesConfFiles } from "./files.ts";

/** What registries.conf, its drop-ins and what Podman has learnt say; undefined where there is none of them. */
export async function registriesConf(): Promise<RegistriesConf | undefined> {
  const from = registriesConfFiles();
  if (from.files.length === 0 && from.learnt === undefined) return undefined;
  const { readRegistriesConf } = await import("./registries-conf.ts");
  return readRegistriesConf(from);
}
