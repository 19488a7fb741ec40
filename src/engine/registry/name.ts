import { EngineError } from "../../errors.ts";
import { registriesConf } from "../../host/config/registries.ts";
import {
  completeReference,
  credentialsKey,
  defaultRegistry,
  type FullReference,
  type Reference,
} from "../../oci/reference.ts";
import { resolveShortName } from "../../oci/registries.ts";

/** The registry, or the part of one, that login and logout are for: `registry[/namespace…]`; else the first to search. */
export async function registryName(given: string | undefined): Promise<string> {
  const text = given ?? (await registriesConf())?.unqualifiedSearch[0];
  if (text === undefined) {
    throw new EngineError(
      "no-registry",
      "no registries found in registries.conf, a registry must be provided",
    );
  }
  const name = credentialsKey(text);
  return /^(index|registry-1)\.docker\.io(\/v\d)?$/.test(name) ? "docker.io" : name;
}

/** Where a search without a registry looks: where registries.conf says, or on Docker Hub where there is none. */
export async function searchRegistries(): Promise<string[]> {
  return (await registriesConf())?.unqualifiedSearch ?? [defaultRegistry];
}

/** Full references that a name may stand for, in the order in which to try. */
export interface Candidates {
  references: FullReference[];
  /** How a short name was resolved. */
  description?: string | undefined;
}

/** Without any registries.conf a short name is Docker Hub's. A broken one is an error whatever the name. */
export async function candidates(reference: Reference, text: string): Promise<Candidates> {
  const conf = await registriesConf();
  if (conf === undefined || reference.registry !== undefined)
    return { references: [completeReference(reference)] };
  const found = resolveShortName(conf, reference, text);
  if ("error" in found) throw new EngineError("short-name", found.error, { hint: found.hint });
  const references = found.references.map((each) => completeReference(each));
  return { references, description: found.description };
}
