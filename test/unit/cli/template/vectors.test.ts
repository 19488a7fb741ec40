/** What Go itself makes of templates: vectors.json is the output of vectors.go for the lines of templates.txt. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TemplateError } from "../../../../src/cli/template/error.ts";
import { Template } from "../../../../src/cli/template/evaluate.ts";
import { goValue } from "../../../../src/cli/template/types.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "vectors.json"), "utf8")) as [
  template: string,
  output: string,
  error: string,
][];

/** The types of vectors.go. */
const structs = {
  "main.Base": "Promoted string",
  "main.Inner": "A string, B int, P *main.Inner",
  "main.Data":
    "+main.Base, ID string Id, Name string, Count int, Negative int, Ratio float64, Big float64, On bool, Off bool," +
    "Empty string, HTML string, List []string, None []string, Nil []string, Labels map[string]string," +
    "NilMap map[string]string, Groups map[string][]main.Inner, In main.Inner, Ptr *main.Inner, NilPtr *main.Inner," +
    "Items []main.Inner, When time.Time, Any interface {}, NilAny interface {}",
};

const data = goValue(
  {
    Promoted: "up",
    Id: "0123456789abcdef",
    Name: "web",
    Count: 42,
    Negative: -7,
    Ratio: 0.25,
    Big: 5e21,
    On: true,
    Off: false,
    Empty: "",
    HTML: "<a href='x'>&\"q\"</a>",
    List: ["one", "two three", "4"],
    None: [],
    Nil: null,
    Labels: { tier: "front", app: "shop", "com.example/x": "y z" },
    NilMap: null,
    Groups: { "80/tcp": [{ A: "127.0.0.1", B: 8080 }], "443/tcp": [] },
    In: { A: "in", B: 1 },
    Ptr: { A: "ptr", B: 2, P: { A: "deep", B: 3 } },
    Items: [
      { A: "x", B: 1 },
      { A: "y", B: 2 },
    ],
    When: "2026-01-02T03:04:05.6789Z",
    Any: "any",
    NilAny: null,
  },
  "*main.Data",
  structs,
);

function run(source: string): [output: string, error: string] {
  try {
    return [new Template("t", source).execute(data), ""];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [error.output, error.message];
  }
}

/** Go prints the addresses of pointers inside of other values; we print what is there. Nor do we tell an interface. */
const address = /0x[\da-f]{5,}/;

describe("templates do what Go does with them", () => {
  it.each(vectors)("%s", (source, output, error) => {
    if (address.test(output + error) || source === "{{.Any.X}}") return;
    expect(run(source)).toEqual([output, error]);
  });
});
