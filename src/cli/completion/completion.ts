/** What completion finds, in the terms of cobra, whose scripts for Podman understand it too. */

export interface Candidate {
  value: string;
  description?: string;
}

export interface Completion {
  candidates: Candidate[];
  /** Bits that tell the shell how to go on. */
  directive: number;
}

/** No space behind a candidate that is the only one. */
export const noSpace = 2;
/** No files where there is no candidate. */
export const noFiles = 4;

/** What stands before the word that is completed, and what there is of it. */
export interface Typed {
  args: readonly string[];
  current: string;
}

export const nothing: Completion = { candidates: [], directive: noFiles };
export const files: Completion = { candidates: [], directive: 0 };

export function words(values: readonly string[]): Completion {
  return { candidates: values.map((value) => ({ value })), directive: noFiles };
}

/** What cobra prints behind the candidates, for people. */
export function directiveName(directive: number): string {
  const names = [
    ...(directive & noSpace ? ["ShellCompDirectiveNoSpace"] : []),
    ...(directive & noFiles ? ["ShellCompDirectiveNoFileComp"] : []),
  ];
  return names.length === 0 ? "ShellCompDirectiveDefault" : names.join(", ");
}
