import { describe, expect, it } from "vitest";
import { Template } from "../../../../src/cli/template/evaluate.ts";
import { GoTime } from "../../../../src/cli/template/time.ts";
import { withJson } from "../../../../src/cli/template/values.ts";

const data = {
  ID: "0123456789abcdef",
  Name: "web",
  Running: true,
  Exited: false,
  Pid: 42,
  Zero: 0,
  Ratio: 0.25,
  Size: 5e21,
  Empty: "",
  Command: ["sleep", "10"],
  None: [],
  Labels: { app: "shop", "com.example.tier": "front" },
  NoLabels: {},
  State: { Status: "running", Health: { Log: [{ Exit: 0 }, { Exit: 1 }] } },
  Nothing: null,
  Created: new GoTime("2026-01-02T03:04:05.678900000Z"),
  Label: (name: string) => `<${name}>`,
};

const render = (source: string, value: unknown = data) => new Template("t", source).execute(value);

describe("printing", () => {
  it.each([
    ["{{.Name}}", "web"],
    ["{{ .Name }}", "web"],
    ["a{{.Name}}b{{.Pid}}c", "awebb42c"],
    ["{{.State.Status}}", "running"],
    ["{{.Running}} {{.Exited}}", "true false"],
    ["{{.Command}}", "[sleep 10]"],
    ["{{.None}}", "[]"],
    ["{{.Labels}}", "map[app:shop com.example.tier:front]"],
    ["{{.NoLabels}}", "map[]"],
    ["{{.Labels.app}}", "shop"],
    ["{{.Labels.missing}}", "<no value>"],
    ["{{.Labels.missing.deeper}}", "<no value>"],
    ["{{.State}}", "{running {[{0} {1}]}}"],
    ["{{.Nothing}}", "<nil>"],
    ["{{.Ratio}}", "0.25"],
    ["{{.Size}}", "5e+21"],
    ["{{.Created}}", "2026-01-02 03:04:05.6789 +0000 UTC"],
    ["{{.Created.Unix}}", "1767323045"],
    ['{{.Label "x"}}', "<x>"],
    ["{{json .Labels}}", '{"app":"shop","com.example.tier":"front"}'],
    ["{{json .Command}}", '["sleep","10"]'],
    ["{{json .Created}}", '"2026-01-02T03:04:05.678900000Z"'],
    ["{{json .Nothing}}", "null"],
    ["{{.State | json}}", '{"Status":"running","Health":{"Log":[{"Exit":0},{"Exit":1}]}}'],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it("prints maps sorted by key, also in JSON", () => {
    expect(render("{{.}} {{json .}}", { b: 1, a: 2 })).toBe('map[a:2 b:1] {"a":2,"b":1}');
  });

  it("takes withJson for what an object is in JSON", () => {
    const row = withJson({ Name: "x" }, () => ({ z: 1, a: 2 }));
    expect(render("{{.Name}} {{json .}}", row)).toBe('x {"z":1,"a":2}');
    expect(render("{{json .}} {{.}}", { row })).toBe('{"row":{"z":1,"a":2}} map[row:{x}]');
  });

  it("takes a Map for a map whatever its keys", () => {
    expect(render("{{.}} {{.Missing}}", new Map([["Key", "v"]]))).toBe("map[Key:v] <no value>");
  });
});

describe("literals", () => {
  it.each([
    ['{{"a\\tb\\n"}}', "a\tb\n"],
    ['{{"\\x41\\u00e9\\101"}}', "AéA"],
    ["{{`raw \\n`}}", "raw \\n"],
    ["{{'a'}}", "97"],
    ["{{1.5}} {{0x10}} {{1_000}} {{-3}} {{017}}", "1.5 16 1000 -3 15"],
    ["{{true}} {{false}}", "true false"],
    ['{{"}}"}}', "}}"],
    ['{{print "{{"}}', "{{"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("trim markers and comments", () => {
  it.each([
    ["a  {{- .Name -}}  b", "awebb"],
    ["a \n\t{{- .Name}} b", "aweb b"],
    ["{{.Name -}} \n b", "webb"],
    ["a{{/* comment */}}b", "ab"],
    ["a {{- /* comment */ -}} b", "ab"],
    ["{{/* }} */}}x", "x"],
    ["{{- 3}}", "3"],
    ["{{-3}}", "-3"],
  ])("%j", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("if, with, range", () => {
  it.each([
    ["{{if .Running}}yes{{end}}", "yes"],
    ["{{if .Exited}}yes{{end}}", ""],
    ["{{if .Exited}}a{{else}}b{{end}}", "b"],
    ["{{if .Exited}}a{{else if .Running}}b{{else}}c{{end}}", "b"],
    ["{{if .Exited}}a{{else if .Zero}}b{{else}}c{{end}}", "c"],
    ["{{if .Empty}}a{{else}}empty{{end}}", "empty"],
    ["{{if .None}}a{{else}}empty{{end}}", "empty"],
    ["{{if .NoLabels}}a{{else}}empty{{end}}", "empty"],
    ["{{if .Nothing}}a{{else}}nil{{end}}", "nil"],
    ["{{if not .Exited}}x{{end}}", "x"],
    ["{{if and .Running .Pid}}x{{end}}", "x"],
    ["{{with .State}}{{.Status}}{{end}}", "running"],
    ["{{with .Nothing}}x{{else}}none{{end}}", "none"],
    ["{{with .Nothing}}x{{else with .State}}{{.Status}}{{end}}", "running"],
    ["{{with $x := .Name}}{{$x}}{{.}}{{end}}", "webweb"],
    ["{{range .Command}}<{{.}}>{{end}}", "<sleep><10>"],
    ["{{range $i, $e := .Command}}{{$i}}={{$e}} {{end}}", "0=sleep 1=10 "],
    ["{{range $e := .Command}}{{$e}},{{end}}", "sleep,10,"],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "app=shop;com.example.tier=front;"],
    ["{{range .None}}x{{else}}nothing{{end}}", "nothing"],
    ["{{range .Nothing}}x{{else}}nothing{{end}}", "nothing"],
    ["{{range .Command}}{{$.Name}} {{end}}", "web web "],
    ['{{range .Command}}{{if eq . "10"}}{{break}}{{end}}{{.}}{{end}}', "sleep"],
    ['{{range .Command}}{{if eq . "sleep"}}{{continue}}{{end}}{{.}}{{end}}', "10"],
    ["{{range 3}}{{.}}{{end}}", "012"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("variables", () => {
  it.each([
    ["{{$x := .Name}}{{$x}}", "web"],
    ["{{$x := .State}}{{$x.Status}}", "running"],
    ["{{$x := 1}}{{if .Running}}{{$x = 2}}{{end}}{{$x}}", "2"],
    ["{{$x := 1}}{{if .Running}}{{$x := 2}}{{end}}{{$x}}", "1"],
    ["{{$n := 0}}{{range $i, $e := .Command}}{{$n = $i}}{{end}}{{$n}}", "1"],
    ["{{$x := .Name | upper}}{{$x}}", "WEB"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("functions and pipes", () => {
  it.each([
    ['{{index .Labels "com.example.tier"}}', "front"],
    ['{{index .Labels "none"}}', "<no value>"],
    ["{{index .Command 1}}", "10"],
    ["{{(index .State.Health.Log 1).Exit}}", "1"],
    ["{{len .Command}} {{len .Labels}} {{len .Name}}", "2 2 3"],
    ["{{slice .ID 0 12}} {{slice .Command 1}}", "0123456789ab [10]"],
    ['{{eq .Name "web"}} {{ne .Name "web"}} {{eq .Name "a" "web"}}', "true false true"],
    ["{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 3}}", "true true false false"],
    ['{{lt "a" "b"}}', "true"],
    ["{{eq .Labels.none nil}}", "true"],
    ["{{and .Running .Name}} {{and .Exited .Name}} {{or .Empty .Name}}", "web false web"],
    ["{{or .Name (index .Command 99)}}", "web"],
    ['{{join .Command " "}} {{join .None ","}}|', "sleep 10 |"],
    ['{{split "a:b:c" ":"}}', "[a b c]"],
    ['{{index (split "a:b" ":") 1}}', "b"],
    ['{{upper "aB"}} {{lower "aB"}} {{title "ab cd"}}', "AB ab Ab Cd"],
    ["{{truncate .ID 12}} {{truncate .Name 12}}", "0123456789ab web"],
    ['{{pad .Name 1 2}}|{{pad "" 1 2}}|', " web  ||"],
    ['{{print .Name .Pid 1 2 "x"}}', "web42 1 2x"],
    ['{{println .Name 1 2 "x"}}', "web 1 2 x\n"],
    ['{{.Name | printf "%s-%s" "a"}}', "a-web"],
    ['{{.Name | upper | printf "%q"}}', '"WEB"'],
    ['{{html "<a&b>"}} {{urlquery "a b&c"}}', "&lt;a&amp;b&gt; a+b%26c"],
    ['{{printf "%d %s" 1 (printf "%02d" 7)}}', "1 07"],
    ["{{ .Command | len | printf `%03d` }}", "002"],
  ])("%s", (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe("printf", () => {
  it.each([
    ["%s|%10s|%-10s|%.2s", ["ab", "ab", "ab", "abc"], "ab|        ab|ab        |ab"],
    ["%d|%5d|%-5d|%05d|%+d", [1, 2, 3, 4, 5], "1|    2|3    |00004|+5"],
    ["%v %v %v", ["a", 1, true], "a 1 true"],
    ["%q", ['a"b'], '"a\\"b"'],
    ["%t", [true], "true"],
    ["%x %X %#x %x", [255, 255, 255, "hi"], "ff FF 0xff 6869"],
    ["%o %b %c %U", [8, 5, 65, 0x20ac], "10 101 A U+20AC"],
    ["%f %.2f %8.3f %e", [1.5, 1.239, 12.34567, 1500.5], "1.500000 1.24   12.346 1.500500e+03"],
    ["%g", [0.1], "0.1"],
    ["%T %T %T %T", ["a", 1, 1.5, true], "string int float64 bool"],
    ["100%%", [], "100%"],
    ["%*d", [5, 1], "    1"],
    ["%s", [["a", "b"]], "[a b]"],
    ["%+v", [{ A: 1, B: "x" }], "{A:1 B:x}"],
    ["%d", ["x"], "%!d(string=x)"],
    ["%s", [1], "%!s(int=1)"],
    ["%s %s", ["a"], "a %!s(MISSING)"],
    ["%s", ["a", "b"], "a%!(EXTRA string=b)"],
    ["%", [], "%!(NOVERB)"],
    ["%z", ["a"], "%!z(string=a)"],
  ])("%j of %j", (format, args, expected) => {
    const source = `{{printf ${JSON.stringify(format)}${args.map((_, i) => ` (index . ${i})`).join("")}}}`;
    expect(render(source, args)).toBe(expected);
  });
});

describe("errors have Go's text", () => {
  it.each([
    ["{{", "template: t:1: unclosed action"],
    ["{{.Name", "template: t:1: unclosed action"],
    ["a\n{{.Name", "template: t:2: unclosed action"],
    ["{{foo}}", 'template: t:1: function "foo" not defined'],
    ["{{if}}", "template: t:1: missing value for if"],
    ["{{}}", "template: t:1: missing value for command"],
    ["{{range .}}", "template: t:1: unexpected EOF"],
    ["{{end}}", "template: t:1: unexpected {{end}}"],
    ["{{else}}", "template: t:1: unexpected {{else}}"],
    ["{{$x}}", 'template: t:1: undefined variable "$x"'],
    ['{{"a}}', "template: t:1: unterminated quoted string"],
    ["{{(.Name}}", "template: t:1: unclosed left paren"],
    ["{{/* x}}", "template: t:1: unclosed comment"],
    ["{{ /* x */}}", 'template: t:1: unexpected "/" in command'],
    ["{{/* x */ }}", "template: t:1: comment ends before closing delimiter"],
    ["{{/* x */-}}", "template: t:1: comment ends before closing delimiter"],
    ["{{.}", "template: t:1: bad character U+007D '}'"],
    [
      '{{block "b" .}}B{{end}}{{block "b" .}}B{{end}}',
      'template: t:1: template: multiple definition of template "b"',
    ],
    ["{{break}}", "template: t:1: {{break}} outside {{range}}"],
    ["{{.Nope}}", 'template: t:1:2: executing "t" at <.Nope>: can\'t evaluate field Nope in type struct'],
    [
      "\n {{.State.Nope}}",
      'template: t:2:9: executing "t" at <.State.Nope>: can\'t evaluate field Nope in type struct',
    ],
    ["{{.Name.X}}", 'template: t:1:7: executing "t" at <.Name.X>: can\'t evaluate field X in type string'],
    [
      "{{.Nothing.X}}",
      'template: t:1:10: executing "t" at <.Nothing.X>: nil pointer evaluating interface {}.X',
    ],
    [
      "{{index .Command 5}}",
      'template: t:1:2: executing "t" at <index .Command 5>: error calling index: index out of range: 5',
    ],
    ["{{len 3}}", 'template: t:1:2: executing "t" at <len 3>: error calling len: len of type int'],
    [
      '{{eq 1 "1"}}',
      'template: t:1:2: executing "t" at <eq 1 "1">: error calling eq: incompatible types for comparison',
    ],
    ["{{range .Name}}{{end}}", 'template: t:1:8: executing "t" at <.Name>: range can\'t iterate over web'],
  ])("%j", (source, message) => {
    expect(() => render(source)).toThrow(expect.objectContaining({ message, exitCode: 125 }));
  });

  it("never reaches what JavaScript objects have of their own", () => {
    expect(() => render("{{.constructor}}")).toThrow("can't evaluate field constructor");
    expect(render("{{.constructor}}", { a: 1 })).toBe("<no value>");
    expect(() => render("{{.Name.length}}")).toThrow("can't evaluate field length");
    expect(render('{{index . "hasOwnProperty"}}', { a: 1 })).toBe("<no value>");
  });
});
