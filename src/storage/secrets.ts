import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, rephrase } from "../errors.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { corruptFile, listDirectory, readJson, writeJsonAtomic } from "../host/files.ts";
import { withClaim } from "../host/lock.ts";
import { randomHex } from "../oci/hash.ts";
import { secretDriver } from "./secret-drivers.ts";

/**
 * `secrets/secrets.json` names the secrets there are; their drivers keep what they hold, which is stored before a secret is
 * named and removed after. A file that no secret names is a killed command's, unless nothing says which ones there are.
 */
export interface SecretRecord {
  /** 25 hexadecimal digits. */
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
  labels: Record<string, string>;
  driver: string;
  /** The driver's. */
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
  driver: string;
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

function indexPath(ctx: Context): string {
  return path.join(secretsDirectory(ctx), "secrets.json");
}

function readIndex(ctx: Context): SecretIndex {
  const index = readJson<SecretIndex>(indexPath(ctx), ["secrets"]);
  if (index) return index;
  const count = listDirectory(defaultPath(ctx)).length;
  if (count === 0) return { version: 1, secrets: [] };
  throw corruptFile(`${indexPath(ctx)} is gone, but not the contents of ${count} secrets beside it`);
}

function writeIndex(ctx: Context, index: SecretIndex): void {
  writeJsonAtomic(indexPath(ctx), index);
}

export function listSecrets(ctx: Context): SecretRecord[] {
  return readIndex(ctx).secrets;
}

/** By name, id, or the beginning of an id. */
export function findSecret(ctx: Context, nameOrId: string): SecretRecord | undefined {
  const all = listSecrets(ctx);
  const exact = all.find(({ id }) => id === nameOrId) ?? all.find(({ name }) => name === nameOrId);
  // Nothing is the beginning of any.
  if (exact || nameOrId === "") return exact;
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

export function readSecret({ id, driver, options }: SecretRecord): Buffer {
  return secretDriver(driver, options).lookup(id);
}

/**
 * Runs `fn` as the only one who changes secrets. A claim and no lock: a driver's commands may take long, or ask for a
 * passphrase.
 */
async function changing(ctx: Context, fn: (index: SecretIndex) => string): Promise<string> {
  return (await withClaim(
    ctx,
    "claim/secrets",
    () => false,
    async () => fn(readIndex(ctx)),
  )) as string;
}

/** Returns the id. */
export async function storeSecret(ctx: Context, wanted: NewSecret): Promise<string> {
  const { name, data, labels, driver, replace, ignore } = wanted;
  const options = driver === "file" ? { path: defaultPath(ctx), ...wanted.options } : wanted.options;
  ensureDirectory(secretsDirectory(ctx));
  return await changing(ctx, (index) => {
    // Before the first content, as contents without an index are damage.
    if (!fs.existsSync(indexPath(ctx))) writeIndex(ctx, index);
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
    const createdAt = old?.createdAt ?? now;
    const secret: SecretRecord = { id, name, createdAt, updatedAt: now, labels, driver, options };
    secretDriver(driver, options).store(secret, data);
    writeIndex(ctx, { ...index, secrets: [...index.secrets.filter((other) => other !== old), secret] });
    if (old) forget(old);
    return id;
  });
}

/** What is replaced is no more, whether its driver finds it or not. */
function forget({ id, driver, options }: SecretRecord): void {
  try {
    secretDriver(driver, options).delete(id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

/** Returns the id of the secret that is no more. */
export async function deleteSecret(ctx: Context, nameOrId: string): Promise<string> {
  return await changing(ctx, (index) => {
    const { id, driver, options } = getSecret(ctx, nameOrId);
    try {
      secretDriver(driver, options).delete(id);
    } catch (error) {
      throw rephrase(error, { prefix: `deleting secret data ${nameOrId}: ` });
    }
    writeIndex(ctx, { ...index, secrets: index.secrets.filter((other) => other.id !== id) });
    return id;
  });
}

function reapData(ctx: Context, index: SecretIndex): void {
  const known = new Set(index.secrets.map(({ id }) => id));
  for (const name of listDirectory(defaultPath(ctx))) {
    if (!known.has(name)) fs.rmSync(path.join(defaultPath(ctx), name), { force: true });
  }
}
