import { describe, expect, it } from "vitest";
import { alignTabs, formatTable } from "../../../src/cli/table.ts";

describe("formatTable", () => {
  it("pads every column but the last to at least twelve", () => {
    expect(formatTable([["ID", "NAMES"]])).toBe("ID          NAMES\n");
  });

  it("leaves two spaces behind the widest cell", () => {
    const text = formatTable([
      ["ID", "IMAGE", "NAMES"],
      ["0123456789ab", "docker.io/library/alpine:latest", "a"],
    ]);
    expect(text).toBe(
      "ID            IMAGE                            NAMES\n" +
        "0123456789ab  docker.io/library/alpine:latest  a\n",
    );
  });

  it("counts characters, not bytes", () => {
    expect(formatTable([["ä".repeat(12), "x"]])).toBe(`${"ä".repeat(12)}  x\n`);
  });

  it("prints nothing for no rows", () => {
    expect(formatTable([])).toBe("");
  });
});

describe("alignTabs", () => {
  it("ends a column at a line that has no such cell", () => {
    expect(alignTabs("a\tb\nno cells\nlonger than twelve\tc\n")).toBe(
      "a           b\nno cells\nlonger than twelve  c\n",
    );
  });

  it("lets a trailing tab end the last cell", () => {
    expect(alignTabs("a\tb\t\n")).toBe("a           b           \n");
  });
});
