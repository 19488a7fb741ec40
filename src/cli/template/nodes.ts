/** What the parser makes of a template, with Go's way to write each piece back, which errors quote. */

import type { GoFloat } from "./values.ts";

interface Place {
  /** Offset in the template. */
  at: number;
  /** As Go writes it back. */
  text: string;
}

export type Operand = Place &
  (
    | { kind: "dot" | "nil" }
    | { kind: "field"; names: string[] }
    | { kind: "variable"; name: string; names: string[] }
    | { kind: "literal"; value: string | number | boolean | GoFloat }
    | { kind: "function"; name: string }
    | { kind: "pipe"; pipe: Pipe }
    /** Fields of something in parentheses. */
    | { kind: "chain"; of: Operand; names: string[] }
  );

export interface Command extends Place {
  /** The first may be a function. */
  operands: [Operand, ...Operand[]];
}

export interface Pipe extends Place {
  /** Variables of `$k, $v := …`. */
  variables: string[];
  /** `=` instead of `:=`. */
  assign: boolean;
  /** Each passes its value on to the next. */
  commands: Command[];
}

export type Node = Place &
  (
    | { kind: "text" }
    | { kind: "action"; pipe: Pipe }
    | { kind: "if" | "with" | "range"; pipe: Pipe; body: Node[]; otherwise: Node[] }
    | { kind: "template"; name: string; pipe: Pipe | undefined }
    | { kind: "break" | "continue" }
  );

export function commandText(operands: Operand[]): string {
  return operands.map((operand) => (operand.kind === "pipe" ? `(${operand.text})` : operand.text)).join(" ");
}

export function pipeText({ variables, assign, commands }: Omit<Pipe, "text">): string {
  const declared = variables.length > 0 ? `${variables.join(", ")} ${assign ? "=" : ":="} ` : "";
  return declared + commands.map((command) => command.text).join(" | ");
}
