import { invalid } from "../invalid.ts";
import { groups, type Kind, kinds } from "./names.ts";

/** The Quadlet files that a file with several of them, `*.quadlets`, has; a line `---` is between two. */
export function splitQuadlets(text: string): { name: string; text: string }[] {
  return text
    .split(/^---[ \t]*$/m)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => ({ name: `${stemIn(part)}.${kindIn(part)}`, text: `${part}\n` }));
}

function stemIn(part: string): string {
  const name = /^#[ \t]*FileName=(.*)$/m.exec(part)?.[1]?.trim();
  if (!name) throw invalid("missing required '# FileName=<name>' comment of a quadlet");
  if (/[/\\]|^\./.test(name))
    throw invalid(`invalid FileName "${name}": it must be a name alone, without extension`);
  return name;
}

function kindIn(part: string): Kind {
  const found = kinds.find((kind) => part.split(/\r?\n/).some((line) => line.trim() === `[${groups[kind]}]`));
  if (!found) throw invalid(`no group of a quadlet in ${JSON.stringify(part.split("\n")[0])}`);
  return found;
}
