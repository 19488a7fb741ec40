import { EngineError } from "../../errors.ts";
import type { Context } from "../../host/context.ts";
import { parseCredentials } from "../../registry/auth-file.ts";
import type { RegistryOptions } from "../../registry/client.ts";

/** What the flags of pull, push, search and login say about the way to a registry. */
export interface RegistryAccess {
  tlsVerify?: boolean | undefined;
  authfile?: string | undefined;
  /** `name:password`. */
  creds?: string | undefined;
  certDir?: string | undefined;
  /** Times to try again what may work then, and seconds in between. */
  retry?: number | undefined;
  retryDelay?: number | undefined;
}

/** Options for `registry[/repository]`, with the credentials known for it. */
export async function registryOptions(
  ctx: Context,
  name: string,
  access: RegistryAccess,
): Promise<RegistryOptions> {
  const { lookUpCredentials } = await import("../../registry/credentials.ts");
  const { registryCertificates } = await import("../../registry/certificates.ts");
  const registry = name.split("/")[0] as string;
  return {
    tlsVerify: access.tlsVerify ?? true,
    credentials: access.creds
      ? givenCredentials(access.creds)
      : lookUpCredentials(ctx, name, access.authfile),
    certificates: registryCertificates(ctx, registry, access.certDir),
    attempts: access.retry === undefined ? undefined : access.retry + 1,
    retryDelay: access.retryDelay,
  };
}

function givenCredentials(text: string) {
  const credentials = parseCredentials(text);
  if (credentials) return credentials;
  throw new EngineError("bad-argument", "credentials can't be empty", {
    hint: "--creds takes NAME:PASSWORD",
  });
}
