import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";

/** The registry, or the part of one, that login and logout are for: `registry[/namespace…]`. */
export function registryName(_ctx: Context, text: string | undefined): string {
  if (text === undefined) {
    throw new EngineError(
      "no-registry",
      "no registries found in registries.conf, a registry must be provided",
    );
  }
  const name = text.replace(/^(https?|docker):\/\//, "").replace(/\/+$/, "");
  return /^(index|registry-1)\.docker\.io(\/v\d)?$/.test(name) ? "docker.io" : name;
}

/** Where a search without a registry looks. */
export function searchRegistries(_ctx: Context): string[] {
  return ["docker.io"];
}
