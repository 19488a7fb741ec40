import { containerKeys, containerRefusals, convertContainer } from "./container.ts";
import { groups, type Kind, kindOf } from "./names.ts";
import { References, translateDependencies } from "./references.ts";
import {
  artifactKeys,
  convertArtifact,
  convertImage,
  convertNetwork,
  convertVolume,
  imageKeys,
  networkKeys,
  volumeKeys,
} from "./resources.ts";
import type { UnitFile } from "./unit-file.ts";
import type { Conversion, Work } from "./work.ts";

interface Converter {
  keys: readonly string[];
  /** Keys of features that don't exist here. */
  refusals?: readonly string[];
  convert: (work: Work) => void;
}

const converters: Partial<Record<Kind, Converter>> = {
  artifact: { keys: artifactKeys, refusals: ["DecryptionKey"], convert: convertArtifact },
  container: { keys: containerKeys, refusals: containerRefusals, convert: convertContainer },
  image: { keys: imageKeys, refusals: ["DecryptionKey"], convert: convertImage },
  network: { keys: networkKeys, convert: convertNetwork },
  volume: { keys: volumeKeys, convert: convertVolume },
};

/** Turns a Quadlet file into a service. What can't be done is an error that names the line. */
export function convertUnit(unit: UnitFile, conversion: Conversion): UnitFile {
  const kind = kindOf(unit.name) as Kind;
  const group = groups[kind];
  const converter = converters[kind];
  if (!converter) throw unit.error(`.${kind} files are not supported yet`);
  checkKeys(unit, group, converter);
  checkKeys(unit, "Quadlet", { keys: ["DefaultDependencies"] });
  warnOfServiceKeys(unit);
  warnOfShortName(unit, group);
  const service = unit.copy(conversion.table.get(unit.name)?.service as string);
  translateDependencies(unit, service, conversion.table);
  if (unit.boolean("Quadlet", "DefaultDependencies") ?? true) {
    for (const key of ["After", "Wants"]) service.addFirst("Unit", key, NETWORK_UNIT);
  }
  service.add("Unit", "SourcePath", unit.path);
  // systemd passes over groups that begin so.
  service.rename(group, `X-${group}`);
  service.rename("Quadlet", "X-Quadlet");
  service.add("Unit", "RequiresMountsFor", "%t/containers");
  converter.convert({
    ...conversion,
    unit,
    service,
    references: new References(unit, service, conversion.table),
  });
  return service;
}

/** Rootless containers can't be run by a service that is another user's. */
function warnOfServiceKeys(unit: UnitFile): void {
  for (const key of ["User", "Group", "DynamicUser"]) {
    if (unit.has("Service", key))
      unit.warn(`Warning: using key ${key} in the Service group is not supported - use at your own risk`);
  }
}

/** What registry such a name is of depends on configuration that others have. */
function warnOfShortName(unit: UnitFile, group: string): void {
  const image = unit.get(group, "Image");
  if (image === undefined || /\.(build|image)$/.test(image)) return;
  if (/^(sha256:|[0-9a-fA-F]{64}$|localhost\/|[^/]*[.:][^/]*\/)/.test(image)) return;
  unit.warn(
    `Warning: ${unit.name} specifies the image "${image}" which not a fully qualified image name. This is not ideal for performance and security reasons. See the podman-pull manpage discussion of short-name-aliases.conf for details.`,
  );
}

/** Units of a user can't wait for network-online.target, which is the system's: this one does. */
const NETWORK_UNIT = "coracle-user-wait-network-online.service";

function checkKeys(unit: UnitFile, group: string, { keys, refusals = [] }: Omit<Converter, "convert">): void {
  for (const key of unit.keys(group)) {
    if (refusals.includes(key)) {
      throw unit.error(`key '${key}' in group '${group}' is not supported yet`, group, key);
    }
    if (!keys.includes(key)) throw unit.error(`unsupported key '${key}' in group '${group}'`, group, key);
  }
}
