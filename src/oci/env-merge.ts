import type { Environment } from "./env.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";

/** Values of --env-merge, `KEY=WORD`: new values of variables that the image sets, in terms of its own. */
export function mergeWords(env: Environment, values: readonly string[]): Environment {
  const result = { ...env };
  for (const value of values) {
    const [key, word] = keyAndValue(expandWord(value, result));
    if (word === undefined)
      throw invalid(`unable to process variables for --env-merge ${value}: it has no "="`);
    if (Object.hasOwn(env, key)) result[key] = word;
  }
  return result;
}

/** As in a Dockerfile: `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}`; quotes and backslashes protect. */
export function expandWord(text: string, env: Environment): string {
  let rest = text;
  let result = "";
  let quoted = false;
  const take = (length: number) => {
    const taken = rest.slice(0, length);
    rest = rest.slice(length);
    return taken;
  };
  while (rest !== "") {
    const single = quoted ? null : /^'([^']*)'/.exec(rest);
    const escaped = /^\\(.)/s.exec(rest);
    const variable = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])((?:[^{}]|\$\{[^}]*\})*))?\})/.exec(
      rest,
    );
    if (single) {
      result += single[1];
      take(single[0].length);
    } else if (escaped) {
      result += quoted && !/["$\\]/.test(escaped[1] ?? "") ? escaped[0] : escaped[1];
      take(2);
    } else if (variable) {
      result += variableValue(variable, env);
      take(variable[0].length);
    } else if (rest.startsWith('"')) {
      quoted = !quoted;
      take(1);
    } else if (rest.startsWith("${") || (!quoted && rest.startsWith("'")) || rest === "\\") {
      throw invalid(`unable to process variables for --env-merge ${text}: syntax error at "${rest}"`);
    } else {
      result += take(1);
    }
  }
  if (quoted)
    throw invalid(`unable to process variables for --env-merge ${text}: unexpected end of statement`);
  return result;
}

function variableValue([, plain, braced, operator, word = ""]: RegExpExecArray, env: Environment): string {
  const value = env[plain ?? braced ?? ""] ?? "";
  if (operator === "-") return value || expandWord(word, env);
  if (operator === "+") return value ? expandWord(word, env) : "";
  return value;
}
