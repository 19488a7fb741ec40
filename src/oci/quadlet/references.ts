import { cleanPath } from "../container-path.ts";
import { groups, type Kind, kindOf, resourceName, serviceStem } from "./names.ts";
import type { UnitFile } from "./unit-file.ts";
import { joinWords } from "./words.ts";

/** What other files need to know of one: its service, and what the thing it makes is called. */
export interface UnitInfo {
  kind: Kind;
  /** With its extension. */
  service: string;
  /** Undefined where only systemd knows it, by its specifiers. */
  resource: string | undefined;
}

export type UnitTable = ReadonlyMap<string, UnitInfo>;

export function unitTable(units: readonly UnitFile[]): UnitTable {
  const table = new Map<string, UnitInfo>();
  for (const unit of units) {
    const kind = kindOf(unit.name);
    if (!kind) continue;
    const stem = serviceStem(unit.name, kind, unit.get(groups[kind], "ServiceName"));
    table.set(unit.name, { kind, service: `${stem}.service`, resource: resourceOf(unit, kind, stem) });
  }
  return table;
}

function resourceOf(unit: UnitFile, kind: Kind, service: string): string | undefined {
  const group = groups[kind];
  switch (kind) {
    case "container": {
      const name = containerName(unit).replaceAll("%N", service);
      return name.includes("%") ? undefined : name;
    }
    case "volume":
      return unit.get(group, "VolumeName") ?? resourceName(unit.name);
    case "network":
      return unit.get(group, "NetworkName") ?? resourceName(unit.name);
    case "artifact":
      return unit.get(group, "Artifact");
    default:
      return unit.get(group, "ImageTag") ?? unit.get(group, "Image");
  }
}

/** As systemd is told; instances of a template differ in it. */
export function containerName(unit: UnitFile): string {
  const given = unit.get("Container", "ContainerName");
  return given ?? (unit.name.includes("@") ? "systemd-%p_%i" : "systemd-%N");
}

/** Makes `service` start after what another file makes, which it needs, and says what that is called. */
export class References {
  readonly #unit: UnitFile;
  readonly #service: UnitFile;
  readonly #table: UnitTable;

  constructor(unit: UnitFile, service: UnitFile, table: UnitTable) {
    this.#unit = unit;
    this.#service = service;
    this.#table = table;
  }

  /** The name of the resource; undefined where `name` isn't a file of one of these kinds. */
  use(
    name: string,
    kinds: readonly Kind[],
    group: string,
    key: string,
    as: "unit" | "image" | "source" = "unit",
  ): string | undefined {
    const kind = kindOf(name);
    if (!kind || !kinds.includes(kind)) return undefined;
    const info = this.#table.get(name);
    if (!info) throw this.#unit.error(`requested Quadlet ${as} ${name} was not found`, group, key);
    if (info.resource === undefined) {
      throw this.#unit.error(`cannot get the resource name of ${name}`, group, key);
    }
    this.#service.add("Unit", "Requires", info.service);
    this.#service.add("Unit", "After", info.service);
    return info.resource;
  }

  /** A source of a mount: a path, which must be mounted, or another file's volume or image. */
  storage(source: string, kinds: readonly Kind[], key: string): string {
    const path = source.startsWith(".") ? this.path(source) : source;
    if (path.startsWith("/")) this.#service.add("Unit", "RequiresMountsFor", joinWords([path]));
    return this.use(path, kinds, "Container", key, "source") ?? path;
  }

  /** Relative to the file; what begins with one of systemd's specifiers is for systemd to complete. */
  path(path: string): string {
    if (path.startsWith("/") || /^%(?!%)/.test(path)) return path;
    const directory = this.#unit.path.slice(0, this.#unit.path.lastIndexOf("/"));
    return cleanPath(`${directory}/${path}`);
  }
}

const DEPENDENCIES = [
  ...["Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before", "After"],
  ...["OnFailure", "OnSuccess", "PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo"],
  ...["StopPropagatedFrom", "JoinsNamespaceOf"],
];

/** [Unit] may name other Quadlet files, where their services are meant. */
export function translateDependencies(unit: UnitFile, service: UnitFile, table: UnitTable): void {
  for (const key of DEPENDENCIES) {
    service.replaceValues("Unit", key, (value) =>
      value.replace(/\S+/g, (name) => {
        if (!kindOf(name)) return name;
        const info = table.get(name);
        if (!info) throw unit.error(`unable to translate dependency for ${name}`, "Unit", key);
        return info.service;
      }),
    );
  }
}
