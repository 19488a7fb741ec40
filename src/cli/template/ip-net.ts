import { GoValue } from "./time.ts";

/** types.IPNet. Its String is a method of the pointer: what holds one prints its fields, the address and the mask. */
export class GoIPNet extends GoValue {
  readonly #cidr: string;

  constructor(cidr: string) {
    super();
    this.#cidr = cidr;
  }

  toJSON(): string {
    return this.#cidr;
  }

  toString(): string {
    return this.#cidr;
  }

  String(): string {
    return this.#cidr;
  }

  /** `{{10.88.0.0 ffff0000}}` */
  asField(): string {
    const [address = "", prefix = "0"] = this.#cidr.split("/");
    const bits = address.includes(":") ? 128 : 32;
    const ones = Number(prefix);
    const mask = BigInt(`0b${"1".repeat(ones)}${"0".repeat(bits - ones)}`);
    return `{{${address} ${mask.toString(16).padStart(bits / 4, "0")}}}`;
  }
}
