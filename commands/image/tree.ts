import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { type ImageTree, imageTree, type TreeLayer } from "../../src/engine/image/tree.ts";
import { humanSize } from "../../src/oci/human-units.ts";

export default class Tree extends CoracleCommand {
  static override summary = "Print layer hierarchy of an image in a tree format";
  static override description =
    "Prints layer hierarchy of an image in a tree format: its layers with their sizes, and of which images each is the topmost one.";
  static override usage = "[options] IMAGE";
  static override examples = ["coracle image tree alpine:latest"];
  static override flags = {
    whatrequires: flag.boolean({ description: "Show all child images and layers of the specified image" }),
  };
  static override arity = exactly(1);
  static override completes = ["image"] as const;

  async run(): Promise<void> {
    const { flags, args } = await this.input(Tree);
    const tree = imageTree(this.context, args[0] as string, flags.whatrequires);
    const items = tree.isBranch ? tree.layers.map(toBranch) : toItems(tree.layers);
    for (const line of [...header(tree), ...branches(items), ""]) this.printLine(line);
  }
}

function header({ id, tags, size, layers }: ImageTree): string[] {
  return [
    `Image ID: ${id.slice(0, 12)}`,
    `Tags:     [${tags.join(" ")}]`,
    `Size:     ${humanSize(size, 4)}`,
    layers.length > 0 ? "Image Layers" : "No Image Layers",
  ];
}

interface Item {
  text: string;
  items: Item[];
}

/** A layer with one child stands in line with it; only several are a step deeper. */
function toItems(layers: readonly TreeLayer[]): Item[] {
  return layers.flatMap(({ id, size, topOf, children }): Item[] => {
    const tags = topOf.length > 0 ? ` Top Layer of: [${topOf.join(" ")}]` : "";
    const item = {
      text: `ID: ${id.slice(0, 12)} Size: ${humanSize(size, 4).padStart(7)}${tags}`,
      items: [] as Item[],
    };
    return [item, ...(children.length === 1 ? toItems(children) : children.map(toBranch))];
  });
}

function toBranch(layer: TreeLayer): Item {
  const [item, ...rest] = toItems([layer]) as [Item, ...Item[]];
  return { ...item, items: rest };
}

function branches(items: readonly Item[], indent = ""): string[] {
  return items.flatMap(({ text, items: inner }, i) => {
    const last = i === items.length - 1;
    return [
      `${indent}${last ? "└── " : "├── "}${text}`,
      ...branches(inner, `${indent}${last ? "    " : "│   "}`),
    ];
  });
}
