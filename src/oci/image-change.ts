import { EngineError } from "../errors.ts";
import type { ImageExecutionConfig } from "./image.ts";
import { shellWords } from "./shell-words.ts";

/** The Containerfile instructions that `--change` of import and commit may hold. */

const instructions = "CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR".split(" ");
const hint = `use ${instructions.slice(0, -1).join(", ")} or ${instructions.at(-1)} and its value`;
const form = /^\s*([A-Za-z]+)(?:\s+|=)(.*\S)\s*$/s;

function bad(change: string, reason: string): EngineError {
  return new EngineError("bad-change", `invalid change "${change}" - ${reason}`, { hint });
}

/** The same for commit, which reads changes as a Containerfile: ENV and LABEL may set several at once. */
export function applyInstruction(config: ImageExecutionConfig, change: string): void {
  const [, name = "", value = ""] = form.exec(change) ?? [];
  const instruction = name.toUpperCase();
  if (name !== "" && !instructions.includes(instruction)) {
    const text = JSON.stringify(`${name} ${value}`);
    const what = `processing change ${text}: did not understand change instruction ${text}`;
    throw new EngineError("bad-change", `applying changes: ${what}`, { hint });
  }
  const words = instruction === "ENV" || instruction === "LABEL" ? shellWords(value) : [];
  const several = words.length > 1 && words.every((word) => /^[^\s=]+=/.test(word));
  for (const one of several ? words.map((word) => `${name} ${word}`) : [change]) applyChange(config, one);
}

/** Applies one change, `INSTRUCTION value` or `INSTRUCTION=value`. */
export function applyChange(config: ImageExecutionConfig, change: string): void {
  const match = form.exec(change);
  if (!match) throw bad(change, "must be formatted as KEY VALUE");
  const value = match[2] as string;
  switch ((match[1] as string).toUpperCase()) {
    case "CMD":
      config.Cmd = commandLine(value);
      break;
    case "ENTRYPOINT":
      config.Entrypoint = commandLine(value);
      break;
    case "ENV":
      setVariable(config, pair(change, value));
      break;
    case "LABEL":
      config.Labels = { ...config.Labels, ...Object.fromEntries([pair(change, value)]) };
      break;
    case "EXPOSE":
      for (const port of value.split(/\s+/)) {
        if (!/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(port)) throw bad(change, `${port} is no port`);
        config.ExposedPorts = { ...config.ExposedPorts, [port.includes("/") ? port : `${port}/tcp`]: {} };
      }
      break;
    case "VOLUME":
      for (const volume of jsonList(value) ?? value.split(/\s+/))
        config.Volumes = { ...config.Volumes, [volume]: {} };
      break;
    case "STOPSIGNAL":
      config.StopSignal = value;
      break;
    case "USER":
      config.User = value;
      break;
    case "WORKDIR":
      config.WorkingDir = value;
      break;
    case "ONBUILD":
      Object.assign(config, { OnBuild: [...((config as { OnBuild?: string[] }).OnBuild ?? []), value] });
      break;
    default:
      throw bad(change, `invalid instruction ${match[1]}`);
  }
}

function setVariable(config: ImageExecutionConfig, [key, text]: [string, string]): void {
  const others = (config.Env ?? []).filter((entry) => !entry.startsWith(`${key}=`));
  config.Env = [...others, `${key}=${text}`];
}

function commandLine(value: string): string[] {
  return jsonList(value) ?? ["/bin/sh", "-c", value];
}

function jsonList(value: string): string[] | undefined {
  if (!value.startsWith("[")) return undefined;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}

/** One `KEY=VALUE`, all that follows being the value, in quotes or not; or the old `KEY VALUE`. */
function pair(change: string, value: string): [string, string] {
  const [, name = "", separator, text = ""] = /^([^\s=]*)(=|\s+)?(.*)$/s.exec(value) ?? [];
  if (name === "")
    throw bad(change, `must provide at least one argument to ${change.trim().split(/[\s=]/, 1)[0]}`);
  return [name, separator === undefined ? "" : unquote(text)];
}

function unquote(text: string): string {
  return text.replace(/^"(.*)"$/s, "$1");
}
