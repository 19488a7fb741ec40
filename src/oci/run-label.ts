import { shellWords } from "./shell-words.ts";

export interface RunLabelValues {
  image: string;
  name: string;
  /** The working directory. */
  pwd: string;
  env: Record<string, string | undefined>;
}

/** The command that a label describes, with what it stands for filled in; `args` are put behind it. */
export function runLabelCommand(label: string, args: readonly string[], values: RunLabelValues): string[] {
  const { image, name } = values;
  const words: Record<string, string> = {
    IMAGE: image,
    "IMAGE=IMAGE": `IMAGE=${image}`,
    "IMAGE=$IMAGE": `IMAGE=${image}`,
    NAME: name,
    "NAME=NAME": `NAME=${name}`,
    "NAME=$NAME": `NAME=${name}`,
    $GLOBAL_OPTS: "",
  };
  const variables: Record<string, string | undefined> = {
    IMAGE: image,
    NAME: name,
    PWD: values.pwd,
    OPT1: values.env.OPT1,
    OPT2: values.env.OPT2,
    OPT3: values.env.OPT3,
  };
  const replaced = shellWords([label, ...args].join(" ")).map((word) => words[word] ?? word);
  const expanded = replaced
    .join(" ")
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, bare) => variables[braced ?? bare] ?? "");
  return shellWords(expanded);
}

/** `podman`, `docker` and our own name all mean this program. */
export function isOurProgram(word: string | undefined): boolean {
  return word === "podman" || word === "coracle" || /(^|\/)docker$/.test(word ?? "");
}
