/** The name that we are called by, which a link gives: `podman`, `docker`. */
export const programName = process.env.CORACLE_NAME || "coracle";

/** A text in which our commands have that name. */
export function asCalled(text: string, name = programName): string {
  if (name === "coracle") return text;
  return text.replace(/(^ *|[`'"(])coracle (?=[A-Za-z[-])/gm, (_, before) => `${before}${name} `);
}
