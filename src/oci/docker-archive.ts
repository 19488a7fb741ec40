import { digestHex, digestOf } from "./digest.ts";

/** A layer as Docker before 1.10 knew it: by an id of its own, with a description. */
export interface LegacyLayer {
  id: string;
  json: string;
}

const ofImage = [
  "architecture",
  "config",
  "container",
  "container_config",
  "created",
  "docker_version",
  "os",
];

/**
 * Each layer has the one below for its parent, and the topmost says what the image's configuration says. Ids are Podman's:
 * made of that and of all the layers up to it.
 */
export function legacyLayers(config: Record<string, unknown>, diffIDs: readonly string[]): LegacyLayer[] {
  const layers: LegacyLayer[] = [];
  let chain = "";
  for (const [i, diffID] of diffIDs.entries()) {
    chain = chain === "" ? diffID : digestOf(`${chain} ${diffID}`);
    const parent = layers.at(-1)?.id;
    const about = i === diffIDs.length - 1 ? ofImage.map((key) => [key, config[key] ?? null]) : [];
    const fields = [...about, ...(parent === undefined ? [] : [["parent", parent]])] as [string, unknown][];
    const id = digestHex(digestOf(sorted([...fields, ["layer_id", chain]])));
    layers.push({ id, json: sorted([...fields, ["id", id]]) });
  }
  return layers;
}

function sorted(fields: readonly [string, unknown][]): string {
  return JSON.stringify(Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
