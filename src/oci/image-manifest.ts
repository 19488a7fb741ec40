import { EngineError } from "../errors.ts";
import { checkDigest } from "./digest.ts";
import { type Descriptor, type ImageConfig, type Index, type Manifest, mediaTypes } from "./image.ts";

const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerManifestList];

/** For the Accept header. */
export const manifestMediaTypes: readonly string[] = [...manifestTypes, ...indexTypes];

/** More is no manifest: registries refuse it as well. */
export const maxManifestSize = 4 << 20;
/** Image configs grow with history and labels. */
export const maxConfigSize = 8 << 20;

export type ParsedManifest = { kind: "manifest"; manifest: Manifest } | { kind: "index"; index: Index };

function bad(what: string, reason: string): EngineError {
  return new EngineError("bad-manifest", `${what}: ${reason}`, {
    hint: "the image is damaged or not an OCI or Docker v2 schema 2 image; push it again with a current tool",
  });
}

/**
 * Parses manifest or index. Bytes that could be read as both are refused (CVE-2021-41190): what one tool verifies
 * another would run. `mediaType` is what the descriptor or the registry said, if anything.
 */
export function parseManifest(bytes: Uint8Array, what: string, mediaType?: string): ParsedManifest {
  if (bytes.length > maxManifestSize) throw bad(what, `manifest of ${bytes.length} bytes is too large`);
  const value = parseObject(bytes, what, "manifest");
  if (value["schemaVersion"] !== 2)
    throw bad(what, `unsupported manifest schema version ${value["schemaVersion"]}`);
  const own = value["mediaType"];
  const announced = manifestMediaTypes.includes(mediaType ?? "") ? mediaType : undefined;
  if (own !== undefined && announced !== undefined && own !== announced) {
    throw bad(what, `manifest says it is ${JSON.stringify(own)}, announced was ${announced}`);
  }
  const type = own ?? announced;
  const isIndex = "manifests" in value;
  const isManifest = "config" in value || "layers" in value;
  if (isIndex === isManifest) throw bad(what, "neither clearly a manifest nor clearly an index");
  if (type !== undefined && !(isIndex ? indexTypes : manifestTypes).includes(String(type))) {
    throw bad(what, `unsupported manifest media type ${JSON.stringify(type)}`);
  }
  if (isIndex) return { kind: "index", index: checkIndex(value, what) };
  return { kind: "manifest", manifest: checkManifest(value, what) };
}

function checkManifest(value: Record<string, unknown>, what: string): Manifest {
  checkDescriptor(value["config"], `${what}: config`);
  if (!Array.isArray(value["layers"])) throw bad(what, "manifest has no list of layers");
  value["layers"].forEach((layer, i) => checkDescriptor(layer, `${what}: layer ${i}`));
  return value as unknown as Manifest;
}

function checkIndex(value: Record<string, unknown>, what: string): Index {
  if (!Array.isArray(value["manifests"])) throw bad(what, "index has no list of manifests");
  value["manifests"].forEach((entry, i) => checkDescriptor(entry, `${what}: manifest ${i}`));
  return value as unknown as Index;
}

function checkDescriptor(value: unknown, what: string): Descriptor {
  if (typeof value !== "object" || value === null) throw bad(what, "not a descriptor");
  const descriptor = value as Partial<Descriptor>;
  checkDigest(descriptor.digest, what);
  if (!Number.isSafeInteger(descriptor.size) || (descriptor.size as number) < 0) throw bad(what, "bad size");
  const { annotations } = descriptor;
  if (!isAbsent(annotations) && !(isObject(annotations) && Object.values(annotations).every(isText))) {
    throw bad(what, "bad annotations");
  }
  return value as Descriptor;
}

/** Parses an image config; `layers` is the number of layers of its manifest. */
export function parseImageConfig(bytes: Uint8Array, what: string, layers?: number): ImageConfig {
  const value = parseObject(bytes, what, "image config") as unknown as ImageConfig;
  const diffIDs = value.rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIDs)) throw bad(what, "image config has no list of diffIDs");
  diffIDs.forEach((diffID, i) => checkDigest(diffID, `${what}: diffID ${i}`));
  if (layers !== undefined && diffIDs.length !== layers) {
    throw bad(what, `manifest has ${layers} layers, image config ${diffIDs.length}`);
  }
  checkExecutionConfig(value.config, what);
  if (!(isAbsent(value.history) || Array.isArray(value.history)))
    throw bad(what, "image config: bad history");
  return { ...value, rootfs: { type: "layers", diff_ids: diffIDs } };
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;
const isText = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** What becomes an argument or a path, where nothing comes after a NUL. */
const isArgument = (value: unknown): boolean => typeof value === "string" && !value.includes("\0");
const isArgumentList = (value: unknown): boolean => Array.isArray(value) && value.every(isArgument);
const isNumber = (value: unknown): boolean => isAbsent(value) || typeof value === "number";

function isHealthcheck(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { Test, Interval, Timeout, StartPeriod, Retries } = value as Record<string, unknown>;
  return (
    (isAbsent(Test) || isArgumentList(Test)) && [Interval, Timeout, StartPeriod, Retries].every(isNumber)
  );
}

/** What containers take from the image. Docker writes null where there is nothing. */
const executionConfig: Record<string, (value: unknown) => boolean> = {
  User: isArgument,
  WorkingDir: isArgument,
  StopSignal: isText,
  Env: isArgumentList,
  Entrypoint: isArgumentList,
  Cmd: isArgumentList,
  Healthcheck: isHealthcheck,
  Volumes: (value) => isObject(value) && Object.keys(value).every(isArgument),
  ExposedPorts: isObject,
  Labels: (value) => isObject(value) && Object.values(value).every(isText),
};

export function checkExecutionConfig(config: unknown, what: string): void {
  if (isAbsent(config)) return;
  if (!isObject(config)) throw bad(what, "image config: config is not an object");
  for (const [key, isGood] of Object.entries(executionConfig)) {
    const value = (config as Record<string, unknown>)[key];
    if (!isAbsent(value) && !isGood(value)) throw bad(what, `image config: ${key} is not what it should be`);
  }
}

function parseObject(bytes: Uint8Array, what: string, kind: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw bad(what, `${kind} is not valid JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw bad(what, `${kind} is not an object`);
  return value as Record<string, unknown>;
}
