import { parse, TomlError } from "smol-toml";
import { EngineError, rephrase } from "../../errors.ts";
import { readConfigFile } from "./files.ts";

export type Table = Record<string, unknown>;

export function readTomlText(file: string): string {
  try {
    return readConfigFile(file);
  } catch (error) {
    throw rephrase(error, { prefix: `decode configuration ${file}: ` });
  }
}

/** `tell` makes the error of what is wrong. */
export function parseToml(text: string, file: string, tell = badConfig): Table {
  try {
    return parse(withoutComments(text));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "");
    throw tell(file, `toml: line ${error.line}, column ${error.column}: ${reason}`);
  }
}

/** What distributions ship is comments nearly alone, and those take the parser ten times as long as everything else. */
function withoutComments(text: string): string {
  // In a string of several lines a line may begin with anything.
  return /"""|'''/.test(text) ? text : text.replace(/^[ \t]*#.*$/gm, "");
}

export function badConfig(file: string, what: string): EngineError {
  return new EngineError("bad-config", `decode configuration ${file}: ${what}`, {
    hint: "mend the file",
  });
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
