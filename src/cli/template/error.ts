import { EngineError } from "../../errors.ts";

/** A fault in a template, in the words of Go's text/template. */
export class TemplateError extends EngineError {
  /** What had been written when it was found; Go has written that by then. */
  output = "";

  static parsing(name: string, line: number, message: string): TemplateError {
    return new TemplateError("template", `template: ${name}:${line}: ${message}`);
  }

  static executing(
    [name, within]: [file: string, template: string],
    source: string,
    { at, text }: { at: number; text: string },
    message: string,
  ): TemplateError {
    const column = at - (source.lastIndexOf("\n", at - 1) + 1);
    const where = `${name}:${lineOf(source, at)}:${column}`;
    return new TemplateError(
      "template",
      `template: ${where}: executing "${within}" at <${text}>: ${message}`,
    );
  }
}

export function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}
