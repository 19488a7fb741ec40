import { describe, expect, test } from "vitest";
import { withGroupEntry, withPasswdEntry } from "../../../src/oci/passwd.ts";
import { parseGroupAdd, parseId, resolveUser } from "../../../src/oci/user.ts";

const passwd = `root:x:0:0:root:/root:/bin/sh
# a comment
app:x:1000:1001:App:/home/app:/bin/sh
broken line
bad:x:12x:0::/:/bin/sh
42:x:7:7::/seven:/bin/sh
`;
const group = `root:x:0:
app:x:1001:
wheel:x:10:root,app
audio:x:29:app
43:x:0:
`;
const resolve = (spec: string, extra: string[] = []) => resolveUser(spec, passwd, group, extra);

describe("a user", () => {
  test.each([
    ["", 0, 0, [10], "/root"],
    ["root", 0, 0, [0, 10], "/root"],
    ["0", 0, 0, [0, 10], "/root"],
    ["app", 1000, 1001, [1001, 10, 29], "/home/app"],
    ["1000", 1000, 1001, [1001, 10, 29], "/home/app"],
    ["app:", 1000, 1001, [1001, 10, 29], "/home/app"],
    ["app:audio", 1000, 29, [29], "/home/app"],
    ["1000:5", 1000, 5, [5], "/home/app"],
    ["5", 5, 0, [0], "/"],
    ["5:wheel", 5, 10, [10], "/"],
    ["4294967294:4294967294", 4294967294, 4294967294, [4294967294], "/"],
    // Else an image could make somebody else of the user that was asked for.
    ["42", 42, 0, [0], "/"],
    ["42:43", 42, 43, [43], "/"],
  ])("%s", (spec, uid, gid, additionalGids, home) => {
    expect(resolve(spec)).toMatchObject({ uid, gid, additionalGids, home });
  });

  test("--group-add comes to its own groups", () => {
    expect(resolve("app", ["root", "77"]).additionalGids).toEqual([1001, 0, 77, 10, 29]);
    expect(resolve("1000:1001", ["audio"]).additionalGids).toEqual([1001, 29]);
  });

  test("of an image without passwd", () => {
    expect(resolveUser("", "", "")).toEqual({ uid: 0, gid: 0, additionalGids: [], home: "/", name: "" });
    expect(resolveUser("1:2", "", "")).toMatchObject({ uid: 1, gid: 2, additionalGids: [2] });
  });

  test.each([
    ["foo", "unable to find user foo: no matching entries in passwd file"],
    ["bad", "unable to find user bad: no matching entries in passwd file"],
    ["1x", "unable to find user 1x: no matching entries in passwd file"],
    ["0x0", "unable to find user 0x0: no matching entries in passwd file"],
    [" 1", "unable to find user  1: no matching entries in passwd file"],
    ["0:foo", "unable to find group foo: no matching entries in group file"],
    ["+1", "uids and gids must be in range 0-4294967294"],
    ["-1", "uids and gids must be in range 0-4294967294"],
    ["4294967295", "uids and gids must be in range 0-4294967294"],
    ["0:4294967295", "uids and gids must be in range 0-4294967294"],
    ["99999999999999999999", "uids and gids must be in range 0-4294967294"],
    ["1:2:3", "more than one ':'"],
  ])("%s is refused, and is nobody's id", (spec, message) => {
    expect(() => resolve(spec)).toThrow(message);
  });

  test("--group-add keep-groups stands alone and names no group", () => {
    expect(parseGroupAdd(["a", "5"])).toEqual(["a", "5"]);
    expect(() => parseGroupAdd(["keep-groups", "x"])).toThrow(
      "is not allowed with any other --group-add options",
    );
    expect(parseGroupAdd(["keep-groups"])).toEqual(["keep-groups"]);
    expect(resolve("0", ["keep-groups"]).additionalGids).toEqual(resolve("0").additionalGids);
  });

  test("--group-add of an unknown group", () => {
    expect(() => resolve("0", ["nope"])).toThrow(
      "unable to find group nope: no matching entries in group file",
    );
  });
});

test("an id is digits and nothing else", () => {
  expect(parseId("0")).toBe(0);
  expect(parseId("4294967294")).toBe(4294967294);
  for (const text of ["", "+1", "-0", "1 ", "1.0", "1e1", "0x1", "4294967295"])
    expect(parseId(text)).toBeNull();
});

describe("entries for users that the image doesn't know", () => {
  const user = { name: "alice", uid: 1005, gid: 1005, gecos: "Alice", home: "/home/alice" };

  test("are appended", () => {
    expect(withPasswdEntry("root:x:0:0:root:/root:/bin/sh", user)).toBe(
      "root:x:0:0:root:/root:/bin/sh\nalice:*:1005:1005:Alice:/home/alice:/bin/sh\n",
    );
    expect(withGroupEntry(group, { name: "alice", gid: 1005, member: "alice" })).toBe(
      `${group}alice:x:1005:alice\n`,
    );
  });

  test("not when name or id are taken", () => {
    expect(withPasswdEntry(passwd, { ...user, uid: 1000 })).toBeNull();
    expect(withPasswdEntry(passwd, { ...user, name: "root" })).toBeNull();
    expect(withGroupEntry(group, { name: "x", gid: 10, member: "" })).toBeNull();
  });

  test("can't bring in further lines or fields", () => {
    const text = withPasswdEntry("", { ...user, gecos: "x:0:0\nroot2:x:0:0" });
    expect(text?.trimEnd().split("\n")).toHaveLength(1);
    expect(text?.split(":")).toHaveLength(7);
  });
});
