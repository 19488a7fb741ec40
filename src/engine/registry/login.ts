import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { withCredentials, withoutCredentials } from "../../registry/auth-file.ts";
import { authFilePath, lookUpCredentials, readAuthFile, writeAuthFile } from "../../registry/credentials.ts";
import { discardBody } from "../../registry/http.ts";
import { type Credentials, RegistrySession } from "../../registry/session.ts";
import { type RegistryAccess, registryOptions } from "./options.ts";

export interface LoginResult {
  /** Where the credentials were written. */
  file: string;
}

/** The name that is logged in to now; undefined for none. */
export function currentLogin(ctx: Context, name: string, { authfile }: RegistryAccess): string | undefined {
  return lookUpCredentials(ctx, name, authfile)?.username;
}

export function storedCredentials(
  ctx: Context,
  name: string,
  { authfile }: RegistryAccess,
): Credentials | undefined {
  return lookUpCredentials(ctx, name, authfile);
}

/** Has the registry check the credentials, and keeps them when it takes them. */
export async function login(
  ctx: Context,
  name: string,
  credentials: Credentials,
  access: RegistryAccess,
): Promise<LoginResult> {
  await checkCredentials(ctx, name, credentials, access);
  const file = authFilePath(ctx, access.authfile);
  writeAuthFile(file, withCredentials(readAuthFile(file), name, credentials));
  return { file };
}

export async function checkCredentials(
  ctx: Context,
  name: string,
  credentials: Credentials,
  access: RegistryAccess,
): Promise<void> {
  const registry = name.split("/")[0] as string;
  const { creds: _, authfile: __, ...way } = access;
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
export function logout(ctx: Context, name: string, authfile: string | undefined): void {
  const file = authFilePath(ctx, authfile);
  const left = withoutCredentials(readAuthFile(file), name);
  if (!left) {
    const elsewhere = lookUpCredentials(ctx, name, authfile) !== undefined;
    throw new EngineError("not-logged-in", `not logged into ${name}`, {
      hint: elsewhere
        ? `its credentials are not in ${file}: \`docker logout\` or --authfile removes them`
        : undefined,
    });
  }
  writeAuthFile(file, left);
}

export function logoutEverywhere(ctx: Context, authfile: string | undefined): void {
  const file = authFilePath(ctx, authfile);
  writeAuthFile(file, { ...readAuthFile(file), auths: {} });
}
