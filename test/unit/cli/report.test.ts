import { describe, expect, it } from "vitest";
import { asksForJson, formatOne, formatRows, printRows } from "../../../src/cli/report.ts";

const rows = [
  { ID: "abc", Names: "web", CreatedAt: "today" },
  { ID: "def", Names: "db", CreatedAt: "now" },
];
const columns = "{{.ID}}\t{{.Names}}";
const headers = { ID: "container id" };
const format = (text: string | undefined, more = {}) =>
  formatRows(rows, { name: "ps", type: "containers.psReporter", format: text, columns, headers, ...more });

describe("formatRows", () => {
  it("prints the default table with its header", () => {
    expect(format(undefined)).toBe("CONTAINER ID  NAMES\nabc           web\ndef           db\n");
    expect(format("table")).toBe(format(undefined));
  });

  it("prints the header alone where there are no rows", () => {
    expect(formatRows([], { name: "ps", format: undefined, columns, headers })).toBe("CONTAINER ID  NAMES\n");
  });

  it("leaves out the header on demand", () => {
    expect(format(undefined, { noHeading: true })).toBe("abc         web\ndef         db\n");
  });

  it("separates the columns of a user's table at spaces and tabs alike", () => {
    const expected = "NAMES       CREATED AT\nweb         today\ndb          now\n";
    expect(format("table {{.Names}} {{.CreatedAt}}")).toBe(expected);
    expect(format("table {{.Names}}\t{{.CreatedAt}}")).toBe(expected);
    expect(format("table {{.Names}}\\t{{.CreatedAt}}")).toBe(expected);
  });

  it("prints a line for each row by a template, without header", () => {
    expect(format("{{.ID}} {{.Names}}")).toBe("abc web\ndef db\n");
    expect(format("{{.ID}}\\t{{.Names}}\\n")).toBe("abc\tweb\ndef\tdb\n");
  });

  it("gives a template that ranges all rows at once", () => {
    expect(format("{{range .}}{{.ID}},{{end}}")).toBe("abc,def,\n");
    expect(format("{{ range . }}{{.ID}},{{ end -}}")).toBe("abc,def,");
  });

  it("takes a template as it was written where unescaping breaks it", () => {
    expect(format('{{printf "%s\\n" .ID}}')).toBe("abc\ndef\n");
    expect(format('{{.ID}}{{"\\n"}}')).toBe("abc\ndef\n");
  });

  it("writes what came before a mistake", () => {
    let written = "";
    const write = (text: string) => {
      written += text;
    };
    const options = { name: "ps", type: "containers.psReporter", format: "{{.ID}}{{.Nope}}", columns };
    expect(() => printRows(rows, options, write)).toThrow("Nope in type containers.psReporter");
    expect(written).toBe("abc");
  });

  it("tells of a wrong field even where there are rows only", () => {
    expect(() => format("{{.Nope}}")).toThrow("can't evaluate field Nope");
  });
});

describe("formatOne", () => {
  it("ends the line", () => {
    expect(formatOne("version", "{{.A}}", { A: 1 })).toBe("1\n");
    expect(formatOne("version", "{{.A}}\\n", { A: 1 })).toBe("1\n");
  });
});

describe("asksForJson", () => {
  it.each([
    ["json", true],
    [" json ", true],
    ["{{json}}", true],
    ["{{ json. }}", true],
    ["{{json .}}", false],
    ["{{ json . }}", false],
    ["{{json .ID}}", false],
    ["table", false],
    [undefined, false],
  ])("%s", (text, expected) => {
    expect(asksForJson(text)).toBe(expected);
  });
});
