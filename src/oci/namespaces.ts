import { parseAutoOptions } from "./auto-userns.ts";
import type { NamespaceMode, NetworkMode, UserNamespaceMode } from "./container.ts";
import { invalid, notSupported } from "./invalid.ts";
import { parseId } from "./user.ts";

/** `container:NAME` and `ns:PATH`, which every namespace flag takes. */
function parseJoined(value: string): { kind: "container"; id: string } | { kind: "ns"; path: string } | null {
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
  if (value === "pod") throw noPods(type);
  const joined = parseJoined(value);
  if (!joined) throw invalid(`unrecognized namespace mode ${value} passed`);
  return joined;
}

function noPods(type: string): Error {
  return notSupported(`the namespace of a pod (--${type}=pod)`);
}

/** `--userns` */
export function parseUserNamespace(value: string): UserNamespaceMode {
  if (value === "" || value === "host") return { kind: "host" };
  if (value === "nomap") return { kind: "nomap" };
  const [kind, options = ""] = value.split(/:(.*)/s);
  if (kind === "keep-id") return parseKeepId(options);
  if (kind === "auto") return parseAutoOptions(options);
  if (value === "private") return { kind: "private", uidMap: [], gidMap: [], subUidName: "", subGidName: "" };
  if (value === "pod") throw noPods("userns");
  const joined = parseJoined(value);
  if (!joined) throw invalid(`unrecognized namespace mode ${value} passed`);
  return joined;
}

function parseKeepId(options: string): UserNamespaceMode {
  const mode: UserNamespaceMode = { kind: "keep-id" };
  for (const option of options.split(",").filter(Boolean)) {
    const [key, value = ""] = option.split(/=(.*)/s);
    if (key !== "uid" && key !== "gid" && key !== "size") {
      throw invalid(`unknown option specified: "${key}"`);
    }
    const id = parseId(value);
    if (id === null) throw invalid(`--userns=keep-id: ${key}="${value}" is not a valid id`);
    mode[key] = id;
  }
  return mode;
}

const SLIRP_OPTIONS = [
  "allow_host_loopback",
  "cidr",
  "enable_ipv6",
  "mtu",
  "outbound_addr",
  "outbound_addr6",
  "port_handler",
];

/** Values of `--network`. */
export function parseNetwork(values: readonly string[]): NetworkMode {
  const [value = "", ...more] = values;
  const mode = parseOneNetwork(value);
  if (more.length > 0) {
    throw invalid(
      `cannot set multiple networks without bridge network mode, selected mode ${mode.kind}: invalid argument`,
    );
  }
  return mode;
}

function parseOneNetwork(value: string): NetworkMode {
  const [kind = "", options] = value.split(/:(.*)/s);
  if (kind === "slirp4netns") return { kind, options: slirpOptions(options ?? "") };
  if (value === "" || value === "private" || value === "default") return { kind: "slirp4netns", options: [] };
  if (value === "none" || value === "host") return { kind: value };
  const joined = parseJoined(value);
  if (joined) return joined;
  const hint = "use slirp4netns (the default), none, host, container:NAME or ns:PATH";
  if (kind === "pasta" || kind === "bridge" || kind === "pod") throw notSupported(`--network=${kind}`, hint);
  throw invalid(
    `unable to find network with name or ID ${value}: network not found`,
    `named networks are not supported yet: ${hint}`,
  );
}

function slirpOptions(text: string): string[] {
  const options = text.split(",").filter(Boolean);
  for (const option of options) {
    if (!SLIRP_OPTIONS.includes(option.replace(/=.*/s, "")) || !option.includes("=")) {
      throw invalid(`unknown option for slirp4netns: "${option}"`);
    }
  }
  return options;
}
