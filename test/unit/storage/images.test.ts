import { describe, expect, test } from "vitest";
import { findImage, getImage } from "../../../src/storage/images.ts";
import { useStore } from "../../support/store.ts";
import { putImage } from "./fake-images.ts";

const store = useStore();
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

async function put(comment: string, ...names: string[]): Promise<string> {
  const image = await putImage(store(), { comment, names });
  return image?.id as string;
}

const find = (name: string) => findImage(store(), name)?.id;

describe("names", () => {
  test("a store that doesn't exist has no images", () => {
    expect(find("alpine")).toBeUndefined();
    expect(() => getImage(store(), "alpine")).toThrow("alpine: image not known");
  });

  test("a full name", async () => {
    const id = await put("a", "quay.io/x/app:1");
    expect(find("quay.io/x/app:1")).toBe(id);
    expect(find("quay.io/x/app")).toBeUndefined();
    expect(find("docker.io/x/app:1")).toBeUndefined();
  });

  test("the tag is latest where none is given", async () => {
    expect(await put("a", "quay.io/app:latest")).toBe(find("quay.io/app"));
  });

  test("a short name means localhost first, then Docker Hub", async () => {
    const hub = await put("hub", "docker.io/library/app:latest");
    expect(find("app")).toBe(hub);
    const local = await put("local", "localhost/app:latest");
    expect(find("app")).toBe(local);
    expect(find("docker.io/app")).toBe(hub);
  });

  test("failing these, a short name means the one image of that name anywhere", async () => {
    const id = await put("a", "quay.io/team/app:2");
    expect(find("app:2")).toBe(id);
    expect(find("team/app:2")).toBe(id);
    expect(find("am/app:2")).toBeUndefined();
    expect(find("app")).toBeUndefined();
  });

  test("of several, the one that was here first counts, as with Podman", async () => {
    const first = await put("a", "quay.io/app:latest");
    await put("b", "ghcr.io/x/app:latest");
    expect(find("app")).toBe(first);
  });

  test("bad references are told", () => {
    expect(() => find("a::b")).toThrow("invalid reference format");
    expect(() => find("docker://a")).toThrow('unsupported transport "docker" for looking up local images');
    expect(() => find("sha256:abc")).toThrow("sha256:abc: invalid format: no 64-byte hexadecimal value");
  });

  test("this store's transport may be named", async () => {
    const id = await put("a", "docker.io/library/app:latest");
    expect(find("containers-storage:app")).toBe(id);
    expect(find(`containers-storage:@${id}`)).toBe(id);
  });
});

describe("digests", () => {
  test("the digest it was pulled by", async () => {
    const image = await putImage(store(), { names: [`quay.io/app@${digest}`], digests: [digest] });
    expect(find(`quay.io/app@${digest}`)).toBe(image?.id);
    expect(find(`app@${digest}`)).toBe(image?.id);
    expect(find(`quay.io/other@${digest}`)).toBeUndefined();
  });

  test("the digest of its manifest under its name", async () => {
    const image = await putImage(store(), { names: ["quay.io/app:1"] });
    expect(find(`quay.io/app@${image?.manifestDigest}`)).toBe(image?.id);
    expect(find(`quay.io/app:other@${image?.manifestDigest}`)).toBe(image?.id);
    expect(find(`quay.io/app2@${image?.manifestDigest}`)).toBeUndefined();
  });
});

describe("ids", () => {
  test("whole, with or without sha256:, and any unique prefix", async () => {
    const id = await put("a");
    for (const text of [id, `sha256:${id}`, id.slice(0, 12), id.slice(0, 1)]) {
      expect(find(text)).toBe(id);
    }
  });

  test("an ambiguous prefix stands for none", async () => {
    // Of 17 images two begin with the same digit.
    const ids: string[] = [];
    for (let i = 0; i < 17; i++) ids.push(await put(String(i)));
    const prefix = ids.map((id) => id[0]).find((digit, i, all) => all.indexOf(digit) !== i) as string;
    const same = ids.filter((id) => id.startsWith(prefix));
    expect(find(prefix)).toBeUndefined();
    for (const id of same) expect(find(id.slice(0, 20))).toBe(id);
  });

  test("a name wins over an id prefix", async () => {
    const id = await put("a");
    const prefix = id.slice(0, 4);
    const named = await put("b", `localhost/${prefix}:latest`);
    expect(find(prefix)).toBe(named);
    expect(find(id.slice(0, 12))).toBe(id);
  });
});
