import * as fs from "node:fs";
import * as path from "node:path";
import type { FileSink } from "./tar-writer.ts";

/** Writes files into a directory, each as a whole. */
export class DirectoryWriter implements FileSink {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    fs.mkdirSync(root, { recursive: true });
  }

  directory(name: string): void {
    fs.mkdirSync(path.join(this.#root, name), { recursive: true });
  }

  file(name: string, content: Uint8Array): void {
    this.#replace(name, (file) => fs.writeFileSync(file, content));
  }

  /** Blobs are named by their content: one that is there is the same. */
  copy(name: string, source: number, size: number): void {
    if (fs.statSync(path.join(this.#root, name), { throwIfNoEntry: false })?.size === size) return;
    this.#replace(name, (file) => fs.copyFileSync(`/proc/self/fd/${source}`, file));
  }

  end(): void {}

  #replace(name: string, write: (file: string) => void): void {
    const target = path.join(this.#root, name);
    const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`);
    try {
      write(temporary);
      fs.chmodSync(temporary, 0o644);
      fs.renameSync(temporary, target);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  }
}
