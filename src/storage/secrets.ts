import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { listDirectory, readJson, writeFileAtomic, writeJsonAtomic } from "../host/files.ts";
import { withLock } from "../host/lock.ts";
import { randomHex } from "../oci/hash.ts";

/**
 * `secrets/secrets.json` names the secrets there are; what they hold is in a file each, written before a secret is named
 * and removed after. A file that no secret names is a killed command's.
 */
export interface SecretRecord {
  /** 25 hexadecimal digits. */
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
  labels: Record<string, string>;
  driver: "file";
  /** `path`: the directory that the contents are in. */
  options: Record<string, string>;
}

interface SecretIndex {
  version: 1;
  secrets: SecretRecord[];
}

export interface NewSecret {
  name: string;
  data: Uint8Array;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** Put it in the place of one of the same name. */
  replace: boolean;
  /** One of the same name is as good. */
  ignore: boolean;
}

function secretsDirectory(ctx: Context): string {
  return path.join(ctx.graphRoot, "secrets");
}

function defaultPath(ctx: Context): string {
  return path.join(secretsDirectory(ctx), "filedriver");
}

function readIndex(ctx: Context): SecretIndex {
  const file = path.join(secretsDirectory(ctx), "secrets.json");
  return readJson<SecretIndex>(file) ?? { version: 1, secrets: [] };
}

function writeIndex(ctx: Context, index: SecretIndex): void {
  writeJsonAtomic(path.join(secretsDirectory(ctx), "secrets.json"), index);
}

export function listSecrets(ctx: Context): SecretRecord[] {
  return readIndex(ctx).secrets;
}

/** By name, id, or the beginning of an id. */
export function findSecret(ctx: Context, nameOrId: string): SecretRecord | undefined {
  const all = listSecrets(ctx);
  const exact = all.find(({ id }) => id === nameOrId) ?? all.find(({ name }) => name === nameOrId);
  if (exact) return exact;
  const matches = all.filter(({ id }) => id.startsWith(nameOrId));
  if (matches.length > 1) {
    throw new EngineError(
      "ambiguous-secret",
      `more than one result secret with prefix ${nameOrId}: secret is ambiguous`,
    );
  }
  return matches[0];
}

export function getSecret(ctx: Context, nameOrId: string): SecretRecord {
  const secret = findSecret(ctx, nameOrId);
  if (secret) return secret;
  throw new EngineError("no-such-secret", `no secret with name or id "${nameOrId}": no such secret`, {
    hint: "`coracle secret ls` lists them",
  });
}

function dataFile({ id, options }: SecretRecord): string {
  return path.join(options["path"] as string, id);
}

export function readSecret(secret: SecretRecord): Buffer {
  return fs.readFileSync(dataFile(secret));
}

/** Returns the id. */
export async function storeSecret(ctx: Context, wanted: NewSecret): Promise<string> {
  const { name, data, labels, replace, ignore } = wanted;
  const options = { path: defaultPath(ctx), ...wanted.options };
  ensureDirectory(secretsDirectory(ctx));
  return await withLock(ctx, "secrets", () => {
    const index = readIndex(ctx);
    reapData(ctx, index);
    const old = index.secrets.find((secret) => secret.name === name);
    if (old && ignore) return old.id;
    if (old && !replace) {
      throw new EngineError("secret-exists", `${name}: secret name in use`, {
        hint: "--replace puts the new one in its place",
      });
    }
    const now = new Date().toISOString();
    const id = randomHex(13).slice(0, 25);
    const secret: SecretRecord = {
      id,
      name,
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
      labels,
      driver: "file",
      options,
    };
    ensureDirectory(options.path);
    writeFileAtomic(dataFile(secret), data);
    writeIndex(ctx, { ...index, secrets: [...index.secrets.filter((other) => other !== old), secret] });
    if (old) fs.rmSync(dataFile(old), { force: true });
    return id;
  });
}

/** Returns the id of the secret that is no more. */
export async function deleteSecret(ctx: Context, nameOrId: string): Promise<string> {
  return await withLock(ctx, "secrets", () => {
    const secret = getSecret(ctx, nameOrId);
    const index = readIndex(ctx);
    writeIndex(ctx, { ...index, secrets: index.secrets.filter(({ id }) => id !== secret.id) });
    fs.rmSync(dataFile(secret), { force: true });
    return secret.id;
  });
}

function reapData(ctx: Context, index: SecretIndex): void {
  const known = new Set(index.secrets.map(({ id }) => id));
  for (const name of listDirectory(defaultPath(ctx))) {
    if (!known.has(name)) fs.rmSync(path.join(defaultPath(ctx), name), { force: true });
  }
}
