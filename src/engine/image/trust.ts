import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../../errors.ts";
import { candidates, readConfigFile } from "../../host/config/files.ts";
import { readPolicy } from "../../host/config/policy.ts";
import { readSignatureStorage } from "../../host/config/registries-d.ts";
import { ensureDirectory } from "../../host/context.ts";
import { writeFileAtomic } from "../../host/files.ts";
import { emptyPolicy, type TrustRow, trustRows, withTrust } from "../../oci/trust.ts";

/** What policy.json says. */
export function showTrust(given: string | undefined, registriesDirectory?: string): TrustRow[] {
  const { lookasides } = readSignatureStorage(registriesDirectory);
  const store = (scope: string) => lookasides.get(scope) ?? lookasides.get("") ?? "";
  return trustRows(readPolicy(given)?.policy ?? emptyPolicy, store);
}

export function rawPolicy(given: string | undefined): string {
  const file = readPolicy(given)?.file;
  return file === undefined ? JSON.stringify(emptyPolicy, null, 4) : readConfigFile(file);
}

export interface TrustChange {
  type: string;
  /** Files with public keys. */
  keys: readonly string[];
  /** The policy.json to change; the caller's own, where not given, which begins as a copy of the machine's. */
  file?: string | undefined;
}

/** Says what images of a registry, or a part of it, need to come in. */
export function setTrust(scope: string, { type, keys, file }: TrustChange): void {
  const target = file ?? (candidates("policy.json")[0] as string);
  const isNew = file !== undefined && !fs.existsSync(file);
  const policy = (isNew ? undefined : readPolicy(file)?.policy) ?? emptyPolicy;
  let changed: typeof policy;
  try {
    changed = withTrust(policy, scope, type, keys);
  } catch (error) {
    throw new EngineError("bad-argument", (error as Error).message);
  }
  if (isNew && scope !== "default") {
    throw new EngineError("bad-argument", "default trust policy must be set", {
      hint: `${target} is new: begin with \`coracle image trust set --policypath ${target} --type accept default\``,
    });
  }
  ensureDirectory(path.dirname(target));
  writeFileAtomic(target, JSON.stringify(changed, null, 4), { mode: 0o644 });
}
