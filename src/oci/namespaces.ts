import { parseAutoOptions } from "./auto-userns.ts";
import type { NamespaceMode, UserNamespaceMode } from "./container.ts";
import { invalid } from "./invalid.ts";
import { keyAndValue } from "./key-value.ts";
import { parseId } from "./user.ts";

/** `container:NAME` and `ns:PATH`, which every namespace flag takes. */
export function parseJoined(
  value: string,
): { kind: "container"; id: string } | { kind: "ns"; path: string } | null {
  const [kind, target] = value.split(/:(.*)/s);
  if (target === undefined) return null;
  if (kind === "container") return { kind, id: needed(target, "container") };
  if (kind === "ns") return { kind, path: needed(target, "path") };
  return null;
}

function needed(value: string, mode: string): string {
  if (value === "") throw invalid(`invalid config provided: namespace mode ${mode} requires a value`);
  return value;
}

/** `--pid`, `--uts`, `--cgroupns` and `--ipc`, which also has `shareable` and `none`. */
export function parseNamespace(type: "pid" | "uts" | "ipc" | "cgroup", value: string): NamespaceMode {
  if (value === "" && type === "ipc") return { kind: "shareable" };
  if (value === "" || value === "private") return { kind: "private" };
  if (value === "host") return { kind: "host" };
  if (type === "ipc" && (value === "shareable" || value === "none")) return { kind: value };
  if (value === "pod") throw noPod();
  const joined = parseJoined(value);
  if (!joined) throw invalid(`unrecognized namespace mode ${value} passed`);
  return joined;
}

export function noPod(): Error {
  const reason = "cannot use pod namespace as container is not joining a pod or pod has no infra container";
  return invalid(`${reason}: invalid argument`, "pods are not supported yet");
}

/** `--userns` */
export function parseUserNamespace(value: string): UserNamespaceMode {
  if (value === "" || value === "host") return { kind: "host" };
  if (value === "nomap") return { kind: "nomap" };
  const [kind, options = ""] = value.split(/:(.*)/s);
  if (kind === "keep-id") return parseKeepId(options);
  if (kind === "auto") return parseAutoOptions(options);
  if (value === "private") return { kind: "private", uidMap: [], gidMap: [], subUidName: "", subGidName: "" };
  if (value === "pod") throw noPod();
  const joined = parseJoined(value);
  if (!joined) throw invalid(`unrecognized namespace mode ${value} passed`);
  return joined;
}

function parseKeepId(options: string): UserNamespaceMode {
  const mode: UserNamespaceMode = { kind: "keep-id" };
  for (const option of options.split(",").filter(Boolean)) {
    const [key, value = ""] = keyAndValue(option);
    if (key !== "uid" && key !== "gid" && key !== "size") {
      throw invalid(`unknown option specified: "${key}"`);
    }
    const id = parseId(value);
    if (id === null) throw invalid(`--userns=keep-id: ${key}="${value}" is not a valid id`);
    mode[key] = id;
  }
  return mode;
}
