import { expect, test } from "vitest";
import { parseIdmap } from "../../../src/oci/idmap-option.ts";

const container = {
  uid: [{ containerID: 0, hostID: 1, size: 1000 }],
  gid: [{ containerID: 0, hostID: 1, size: 1000 }],
};

test("without a value the ids are the container's own", () => {
  expect(parseIdmap("", container)).toEqual(container);
  expect(parseIdmap("", null)).toEqual({ uid: [], gid: [] });
});

test("ids of the files and of the host", () => {
  expect(parseIdmap("uids=0-5-10#20-30-1;gids=1-2-3", null)).toEqual({
    uid: [
      { containerID: 0, hostID: 5, size: 10 },
      { containerID: 20, hostID: 30, size: 1 },
    ],
    gid: [{ containerID: 1, hostID: 2, size: 3 }],
  });
});

test("@ means an id of the container", () => {
  expect(parseIdmap("uids=@0-5-1", container).uid).toEqual([{ containerID: 0, hostID: 6, size: 1 }]);
  expect(() => parseIdmap("uids=@0-5000-1", container)).toThrow("the container ID 5000");
});

test("what is no mapping is refused", () => {
  expect(() => parseIdmap("uids=0-1", null)).toThrow('invalid idmap option "0-1"');
  expect(() => parseIdmap("x=0-1-1", null)).toThrow('unknown option specified: "x"');
});
