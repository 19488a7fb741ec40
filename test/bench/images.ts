/** The images that the bench makes for itself; the host's programs and files stand in for a distribution's. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ImageContent, ociArchive, type TarEntry } from "../../bin/oci-archive.ts";
import { busyboxConfig, busyboxEntries } from "../support/images.ts";

/** By the name of the image, `localhost/NAME:latest`; none is made before it is needed. */
export const benchImages: Record<string, () => Buffer> = {
  small50k: () => archive("small50k", [busyboxEntries(), manyFiles()]),
  layers5: () => archive("layers5", hostLayers([100, 60, 30, 15, 1])),
};

function archive(name: string, layers: ImageContent["layers"]): Buffer {
  return ociArchive({ reference: `localhost/${name}:latest`, layers, config: busyboxConfig, gzip: true });
}

function manyFiles(): TarEntry[] {
  const entries: TarEntry[] = [];
  for (let directory = 0; directory < 100; directory++) {
    entries.push({ path: `many/${directory}/`, type: "directory" });
    for (let file = 0; file < 500; file++) {
      entries.push({
        path: `many/${directory}/f${file}`,
        data: `${directory} ${file}\n`.repeat(1 + (file % 40)),
      });
    }
  }
  return entries;
}

/** Layers of so many megabytes each, of files below /usr. */
function hostLayers(sizes: readonly number[]): TarEntry[][] {
  const files = hostFiles("/usr");
  return sizes.map((size, layer) => {
    const entries: TarEntry[] = [{ path: `${layer}/`, type: "directory" }];
    for (let left = size << 20; left > 0; ) {
      const file = files.next();
      if (file.done) break;
      entries.push({ path: `${layer}/${entries.length}`, data: file.value });
      left -= file.value.length;
    }
    return entries;
  });
}

function* hostFiles(directory: string): Generator<Buffer> {
  for (const name of readdirSync(directory).sort()) {
    const file = join(directory, name);
    try {
      const stat = lstatSync(file);
      if (stat.isDirectory()) yield* hostFiles(file);
      else if (stat.isFile() && stat.size < 16 << 20) yield readFileSync(file);
    } catch {
      // not for us
    }
  }
}
