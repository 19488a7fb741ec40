import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import type { ImageConfig } from "../oci/image.ts";
import { isParentOf } from "../oci/image-history.ts";
import type { ImageIndex } from "./image-index.ts";
import { readConfig } from "./images.ts";

/** Which image is whose parent. Configs are read when they are first asked for. */
export class ImageRelations {
  readonly #ctx: Context;
  readonly #index: ImageIndex;
  readonly #configs = new Map<string, ImageConfig | undefined>();

  constructor(ctx: Context, index: ImageIndex) {
    this.#ctx = ctx;
    this.#index = index;
  }

  /** The id of an image's parent. One with the same layers comes before one with a layer less. */
  parentOf(id: string): string | undefined {
    const child = this.#config(id);
    if (!child) return undefined;
    const parents = this.#others(id).filter((other) => this.#isParent(other, id));
    const layers = (other: string) => this.#config(other)?.rootfs.diff_ids.length;
    return parents.find((other) => layers(other) === child.rootfs.diff_ids.length) ?? parents[0];
  }

  hasChildren(id: string): boolean {
    return this.#others(id).some((other) => this.#isParent(id, other));
  }

  /** Without a name, and no image is built on it. */
  isDangling(id: string): boolean {
    return !this.#isNamed(id) && !this.hasChildren(id);
  }

  /** Without a name, but there are images built on it. */
  isIntermediate(id: string): boolean {
    return !this.#isNamed(id) && this.hasChildren(id);
  }

  #isNamed(id: string): boolean {
    return (this.#index.images[id]?.names.length ?? 0) > 0;
  }

  #others(id: string): string[] {
    return Object.keys(this.#index.images).filter((other) => other !== id);
  }

  #isParent(parent: string, child: string): boolean {
    const [above, below] = [this.#config(parent), this.#config(child)];
    return above !== undefined && below !== undefined && isParentOf(above, below);
  }

  /** Undefined for an image that is damaged or gone: it is nobody's relative. */
  #config(id: string): ImageConfig | undefined {
    if (!this.#configs.has(id)) this.#configs.set(id, this.#read(id));
    return this.#configs.get(id);
  }

  #read(id: string): ImageConfig | undefined {
    try {
      return readConfig(this.#ctx, id);
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }
}
