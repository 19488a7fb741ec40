import { describe, expect, test } from "vitest";
import { matchesLabels } from "../../../src/oci/label-filter.ts";
import { parseVolumeOptions, volumeMount } from "../../../src/oci/volume-options.ts";

describe("options of the local driver", () => {
  test("the owner out of `o` stands beside it as well", () => {
    expect(parseVolumeOptions({ type: "tmpfs", device: "tmpfs", o: "size=2M,uid=5,nodev,GID=6" })).toEqual({
      options: {
        type: "tmpfs",
        device: "tmpfs",
        SIZE: "2M",
        UID: "5",
        GID: "6",
        o: "size=2M,uid=5,nodev,GID=6",
      },
      uid: 5,
      gid: 6,
      noCopy: false,
    });
    expect(parseVolumeOptions({ nocopy: "" })).toMatchObject({ options: { nocopy: "" }, noCopy: true });
    expect(parseVolumeOptions({ o: "nocopy" })).toMatchObject({ noCopy: true });
    expect(parseVolumeOptions({ o: "noquota" }).options).toEqual({ NOQUOTA: "true" });
  });

  test.each([
    [{ foo: "bar" }, "invalid mount option foo for driver 'local': invalid argument"],
    [{ o: "uid" }, "uid option must provide a UID: invalid argument"],
    [{ o: "gid=x" }, 'cannot convert GID x to integer: strconv.Atoi: parsing "x": invalid syntax'],
    [{ o: "size=1m" }, "volume options size and inodes not supported."],
    [{ o: "size=1m,noquota" }, "volume options size and inodes cannot be used without quota"],
    [{ type: "tmpfs", o: "inodes=5" }, "volume option inodes not supported on tmpfs filesystem"],
    [{ o: "timeout=5" }, "Volume driver timeout can only be used with non-local volume drivers"],
  ])("%j is refused", (options, message) => {
    expect(() => parseVolumeOptions(options)).toThrow(message);
  });

  test("what there is to mount", () => {
    expect(volumeMount({})).toBeNull();
    expect(volumeMount({ o: "uid=5,gid=6", UID: "5", GID: "6" })).toBeNull();
    expect(volumeMount({ o: "nocopy" })).toBeNull();
    expect(volumeMount({ type: "tmpfs", o: "size=1m,uid=5" })).toEqual({
      type: "filesystem",
      filesystem: "tmpfs",
      device: "tmpfs",
      options: ["size=1m", "uid=5"],
    });
    const bind = { type: "bind", filesystem: "", device: "/x" };
    expect(volumeMount({ type: "none", device: "/x", o: "rbind,ro,uid=5" })).toEqual({
      ...bind,
      options: ["rbind", "ro"],
    });
    expect(volumeMount({ type: "bind", device: "/x" })).toEqual({ ...bind, options: ["bind"] });
  });
});

test.each([
  [["a"], true],
  [["a=1"], true],
  [["a=2"], false],
  [["a", "b.c"], true],
  [["a", "x"], false],
  [["b.*=2"], true],
  [["bxc"], false],
  [["*"], true],
])("labels match %j: %j", (filters, matched) => {
  expect(matchesLabels(filters, { a: "1", "b.c": "2" })).toBe(matched);
});
