/** Spec files of the Container Device Interface: what a vendor says a container needs to use its devices. */

import { isCdiName } from "./devices.ts";
import { isStage, type Stage } from "./hooks.ts";
import type { IntelRdt } from "./runtime-spec.ts";

export interface CdiDeviceNode {
  path: string;
  hostPath?: string;
  type?: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  permissions?: string;
  uid?: number;
  gid?: number;
}

export interface CdiEdits {
  env?: string[];
  deviceNodes?: CdiDeviceNode[];
  netDevices?: { hostInterfaceName: string; name: string }[];
  hooks?: { hookName: Stage; path: string; args?: string[]; env?: string[]; timeout?: number }[];
  mounts?: { hostPath: string; containerPath: string; options?: string[]; type?: string }[];
  intelRdt?: IntelRdt | undefined;
  additionalGids?: number[];
}

export interface CdiSpec {
  cdiVersion: string;
  /** VENDOR/CLASS */
  kind: string;
  annotations?: Record<string, string>;
  containerEdits?: CdiEdits;
  devices: { name: string; annotations?: Record<string, string>; containerEdits?: CdiEdits }[];
}

/** A list of one shape, or fields by their names. */
type Shape = "text" | "integer" | "flag" | [Shape] | { [field: string]: Shape };

const editFields: Shape = {
  env: ["text"],
  deviceNodes: [
    {
      path: "text",
      hostPath: "text",
      type: "text",
      major: "integer",
      minor: "integer",
      fileMode: "integer",
      permissions: "text",
      uid: "integer",
      gid: "integer",
    },
  ],
  netDevices: [{ hostInterfaceName: "text", name: "text" }],
  hooks: [{ hookName: "text", path: "text", args: ["text"], env: ["text"], timeout: "integer" }],
  mounts: [{ hostPath: "text", containerPath: "text", options: ["text"], type: "text" }],
  intelRdt: {
    closID: "text",
    l3CacheSchema: "text",
    memBwSchema: "text",
    enableCMT: "flag",
    enableMBM: "flag",
    schemata: ["text"],
    enableMonitoring: "flag",
  },
  additionalGids: ["integer"],
};

/** Of any names. */
const annotations: Shape = {};

const specFields: Shape = {
  cdiVersion: "text",
  kind: "text",
  annotations,
  containerEdits: editFields,
  devices: [{ name: "text", annotations, containerEdits: editFields }],
};

/** Checks a document; throws plain errors that say what is wrong. */
export function parseCdiSpec(document: unknown): CdiSpec {
  const spec = read(document, specFields, "the document") as Partial<CdiSpec> | undefined;
  const { cdiVersion = "", kind = "", devices = [], ...rest } = spec ?? {};
  checkVersion({ cdiVersion, kind, devices, ...rest });
  if (!isCdiName(`${kind}=any`)) throw new Error(`invalid kind ${JSON.stringify(kind)}`);
  checkEdits(rest.containerEdits);
  if (devices.length === 0) throw new Error("invalid spec, no devices");
  const names = new Set<string>();
  for (const { name = "", containerEdits } of devices) {
    const quoted = JSON.stringify(name);
    if (!isCdiName(`${kind}=${name}`)) throw new Error(`invalid device name ${quoted}`);
    if (names.has(name)) throw new Error(`invalid spec, multiple device ${quoted}`);
    names.add(name);
    if (isEmpty(containerEdits)) throw new Error(`invalid device ${quoted}, empty device edits`);
    checkEdits(containerEdits);
  }
  return { cdiVersion, kind, devices, ...rest };
}

/** What is there of a shape; `null` is what isn't, as Go reads it. */
function read(value: unknown, shape: Shape, what: string): unknown {
  if (value === null || value === undefined) return undefined;
  const must = (holds: boolean, be: string) => {
    if (!holds) throw new Error(`${what} is not ${be}`);
  };
  // Unquoted, `name: 0` is a number to YAML.
  if (shape === "text") {
    must(["string", "number", "boolean"].includes(typeof value), "a text");
    return String(value);
  }
  if (shape === "flag") must(typeof value === "boolean", "true or false");
  else if (shape === "integer") must(Number.isSafeInteger(value) && Number(value) >= 0, "a whole number");
  else if (Array.isArray(shape)) {
    must(Array.isArray(value), "a list");
    return (value as unknown[]).map((one) => read(one, shape[0], `a member of ${what}`));
  } else {
    must(typeof value === "object" && !Array.isArray(value), "a mapping");
    const fields = Object.entries(value).map(([name, inner]) => {
      const field = shape === annotations ? "text" : shape[name];
      if (field === undefined) throw new Error(`unknown field ${JSON.stringify(name)}`);
      return [name, read(inner, field, name)];
    });
    return Object.fromEntries(fields.filter(([, inner]) => inner !== undefined));
  }
  return value;
}

const VERSIONS = "0.1.0 0.2.0 0.3.0 0.4.0 0.5.0 0.6.0 0.7.0 0.8.0 1.0.0 1.1.0".split(" ");

/** A file names the version that it is written in, and has nothing that came later. */
function checkVersion(spec: CdiSpec): void {
  const version = VERSIONS.indexOf(spec.cdiVersion.replace(/^v/, ""));
  if (version < 0) throw new Error(`invalid version ${JSON.stringify(spec.cdiVersion)}`);
  const edits = [spec, ...spec.devices].map(({ containerEdits = {} }) => containerEdits);
  const later: [string, boolean][] = [
    ["1.1.0", edits.some((one) => one.netDevices?.length || one.intelRdt?.schemata?.length)],
    ["0.7.0", edits.some((one) => one.intelRdt || one.additionalGids?.length)],
    ["0.6.0", [spec, ...spec.devices].some((one) => Object.keys(one.annotations ?? {}).length > 0)],
    ["0.6.0", spec.kind.split("/", 2)[1]?.includes(".") ?? false],
    ["0.5.0", spec.devices.some(({ name = "" }) => /^[^a-zA-Z]/.test(name))],
    ["0.5.0", edits.some((one) => one.deviceNodes?.some(({ hostPath }) => hostPath))],
    ["0.4.0", edits.some((one) => one.mounts?.some(({ type }) => type))],
  ].map(([since, isUsed]) => [String(since), Boolean(isUsed)]);
  const needed = later.find(([since, isUsed]) => isUsed && VERSIONS.indexOf(since) > version);
  if (needed) throw new Error(`the spec version must be at least v${needed[0]}`);
}

function isEmpty(edits: CdiEdits = {}): boolean {
  return Object.values(edits).every((value) => Array.isArray(value) && value.length === 0);
}

function checkEdits(edits: CdiEdits = {}): void {
  checkEnv(edits.env);
  for (const { path, type = "", permissions = "" } of edits.deviceNodes ?? []) {
    if (!path) throw new Error("invalid (empty) device path");
    const device = `device ${JSON.stringify(path)}`;
    if (!["", "b", "c", "u", "p"].includes(type)) throw new Error(`${device}: invalid type "${type}"`);
    if (!/^([rwm]*|none)$/.test(permissions))
      throw new Error(`${device}: invalid permissions "${permissions}"`);
  }
  for (const { hookName, path, env } of edits.hooks ?? []) {
    if (!isStage(hookName)) throw new Error(`invalid hook name "${hookName}"`);
    if (!path) throw new Error(`invalid hook "${hookName}" with empty path`);
    checkEnv(env);
  }
  for (const { hostPath, containerPath } of edits.mounts ?? []) {
    if (!hostPath) throw new Error("invalid mount, empty host path");
    if (!containerPath) throw new Error("invalid mount, empty container path");
  }
  for (const { hostInterfaceName, name } of edits.netDevices ?? []) {
    if (!hostInterfaceName || !name) throw new Error("invalid linux net device, empty name");
  }
}

function checkEnv(env: string[] = []): void {
  const bad = env.find((text) => text.indexOf("=") <= 0);
  if (bad !== undefined) throw new Error(`invalid environment variable ${JSON.stringify(bad)}`);
}
