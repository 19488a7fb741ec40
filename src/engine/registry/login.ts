import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { askCredentialHelper, eraseFromHelper, storeInHelper } from "../../host/credential-helper.ts";
import { AUTH_FILES } from "../../oci/registries.ts";
import { dockerKey, withCredentials, withoutCredentials } from "../../registry/auth-file.ts";
import {
  authFileToWrite,
  type GivenAuthFiles,
  lookUpCredentials,
  readAuthFile,
  writeAuthFile,
} from "../../registry/credentials.ts";
import { discardBody } from "../../registry/http.ts";
import { type Credentials, RegistrySession } from "../../registry/session.ts";
import { credentialHelpers, type RegistryAccess, registryOptions } from "./options.ts";

export interface LoginResult {
  /** Where the credentials were written: a file, or the name of a helper. */
  file: string;
}

export async function storedCredentials(
  ctx: Context,
  name: string,
  files: GivenAuthFiles,
): Promise<Credentials | undefined> {
  return lookUpCredentials(ctx, name, files, await credentialHelpers(), "get credentials");
}

/** Has the registry check the credentials, and keeps them when it takes them. */
export async function login(
  ctx: Context,
  name: string,
  credentials: Credentials,
  access: RegistryAccess,
): Promise<LoginResult> {
  await checkCredentials(ctx, name, credentials, access);
  const [helper = AUTH_FILES] = (await credentialHelpers()) ?? [];
  if (helper !== AUTH_FILES) {
    const { username, password } = credentials;
    storeInHelper(helper, name.split("/")[0] as string, { name: username, secret: password });
    return { file: helper };
  }
  const { file, docker } = authFileToWrite(ctx, access);
  const key = docker ? dockerKey(name) : name;
  if (key === undefined) {
    throw new EngineError(
      "bad-argument",
      `credentials cannot be recorded in Docker-compatible format with namespaced key "${name}"`,
      { hint: "log in to the registry as a whole, or use --authfile" },
    );
  }
  writeAuthFile(file, withCredentials(readAuthFile(file), key, credentials));
  return { file };
}

export async function checkCredentials(
  ctx: Context,
  name: string,
  credentials: Credentials,
  access: RegistryAccess,
): Promise<void> {
  const registry = name.split("/")[0] as string;
  const { creds: _, authfile: __, compatAuthFile: ___, ...way } = access;
  const options = await registryOptions(ctx, registry, { ...way, creds: `${credentials.username}:` });
  const session = new RegistrySession(registry, { ...options, credentials });
  try {
    const { response } = await session.exchange("/v2/", `authenticating creds for "${registry}"`);
    await discardBody(response);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === "unauthorized") {
      throw new EngineError("unauthorized", `logging into "${registry}": invalid username/password`, {
        hint: "check both; some registries want an access token in place of the password",
        cause: error,
      });
    }
    throw new EngineError(error.code, `authenticating creds for "${registry}": ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

/** Forgets the credentials for a registry. */
export async function logout(ctx: Context, name: string, files: GivenAuthFiles): Promise<void> {
  const isErased = await eraseFromHelpers(name);
  const { file } = authFileToWrite(ctx, files);
  const left = withoutCredentials(readAuthFile(file), name);
  if (!left) {
    if (isErased) return;
    const elsewhere = lookUpCredentials(ctx, name, files) !== undefined;
    throw new EngineError("not-logged-in", `not logged into ${name}`, {
      hint: elsewhere
        ? `its credentials are not in ${file}: \`docker logout\` or --authfile removes them`
        : undefined,
    });
  }
  writeAuthFile(file, left);
}

/** Whether one of registries.conf's helpers knew them. */
async function eraseFromHelpers(name: string): Promise<boolean> {
  const registry = name.split("/")[0] as string;
  const helpers = ((await credentialHelpers()) ?? []).filter((helper) => helper !== AUTH_FILES);
  const knowing = helpers.filter((helper) => askCredentialHelper(helper, registry) !== undefined);
  for (const helper of knowing) eraseFromHelper(helper, registry);
  return knowing.length > 0;
}

export function logoutEverywhere(ctx: Context, files: GivenAuthFiles): void {
  const { file } = authFileToWrite(ctx, files);
  writeAuthFile(file, { ...readAuthFile(file), auths: {} });
}
