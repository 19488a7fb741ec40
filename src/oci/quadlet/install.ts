import { cleanPath } from "../container-path.ts";
import { templateParts } from "./names.ts";
import type { UnitFile } from "./unit-file.ts";

const DIRECTORIES = [
  ["WantedBy", "wants"],
  ["RequiredBy", "requires"],
  ["UpheldBy", "upholds"],
] as const;

/** What `systemctl enable` would make of [Install]: links (relative to the output directory) and what they point to. */
export function installLinks(service: UnitFile): { link: string; target: string }[] {
  const names = (key: string) => service.names("Install", key);
  // Only what is below the output directory, and other than the service itself.
  const aliases = names("Alias")
    .filter((alias) => !/^\/|(^|\/)\.\.(\/|$)/.test(alias))
    .map((alias) => cleanPath(alias).slice(1))
    .filter((alias) => alias !== service.name);
  const links = aliases.map((link) => ({ link, target: targetOf(link, service) }));
  const enabled = enabledName(service);
  if (enabled === undefined) return links;
  for (const [key, directory] of DIRECTORIES) {
    // Only names, not paths.
    for (const unit of names(key).filter((name) => !name.includes("/"))) {
      const link = `${unit}.${directory}/${enabled}`;
      links.push({ link, target: targetOf(link, service) });
    }
  }
  return links;
}

function targetOf(link: string, service: UnitFile): string {
  return "../".repeat(link.split("/").length - 1) + service.name;
}

/** A template is enabled as its default instance, or not at all. */
function enabledName(service: UnitFile): string | undefined {
  const parts = templateParts(service.name);
  if (!parts || parts.instance) return service.name;
  const instance = service.get("Install", "DefaultInstance");
  return instance === undefined ? undefined : parts.template.replace("@", `@${instance}`);
}
