import { EngineError } from "../../errors.ts";

/** A fault in a template, in the words of Go's text/template. */
export class TemplateError extends EngineError {
  static parsing(name: string, source: string, at: number, message: string): TemplateError {
    return new TemplateError("template", `template: ${name}:${lineOf(source, at)}: ${message}`);
  }

  static executing(name: string, source: string, at: number, what: string, message: string): TemplateError {
    const column = at - (source.lastIndexOf("\n", at - 1) + 1);
    const where = `${name}:${lineOf(source, at)}:${column}`;
    return new TemplateError("template", `template: ${where}: executing "${name}" at <${what}>: ${message}`);
  }
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}
