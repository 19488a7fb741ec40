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
  // Only names, not paths.
  const aliases = names("Alias").filter((alias) => !alias.includes("/"));
  const links = aliases.map((link) => ({ link, target: service.name }));
  const enabled = enabledName(service);
  if (enabled === undefined) return links;
  for (const [key, directory] of DIRECTORIES) {
    for (const unit of names(key).filter((name) => !name.includes("/"))) {
      links.push({ link: `${unit}.${directory}/${enabled}`, target: `../${service.name}` });
    }
  }
  return links;
}

/** A template is enabled as its default instance, or not at all. */
function enabledName(service: UnitFile): string | undefined {
  const parts = templateParts(service.name);
  if (!parts || parts.instance) return service.name;
  const instance = service.get("Install", "DefaultInstance");
  return instance === undefined ? undefined : parts.template.replace("@", `@${instance}`);
}
