import { EngineError } from "../../errors.ts";
import { registriesConf } from "../../host/config/registries.ts";
import type { Context } from "../../host/context.ts";
import { findRegistry, type RegistriesConf, type RegistryEntry } from "../../oci/registries.ts";
import { formatDuration } from "../../oci/units.ts";
import { parseCredentials } from "../../registry/auth-file.ts";
import type { RegistryOptions } from "../../registry/client.ts";
import type { GivenAuthFiles } from "../../registry/credentials.ts";

export type { GivenAuthFiles };

/** What the flags of pull, push, search and login say about the way to a registry. */
export interface RegistryAccess extends GivenAuthFiles {
  /** As registries.conf says where not given. */
  tlsVerify?: boolean | undefined;
  /** `name:password`, or who asks for it. */
  creds?: string | (() => Promise<string>) | undefined;
  certDir?: string | undefined;
  /** Times to try again what may work then, and seconds in between. */
  retry?: number | undefined;
  retryDelay?: number | undefined;
  /** Is told when a registry isn't there and is waited for. */
  onRetry?: ((text: string) => void) | undefined;
  /** What the error of a retry begins with. */
  retrying?: string | undefined;
}

/** Options for `registry[/repository]`, with the credentials known for it; `insecure` is what a mirror is said to be. */
export async function registryOptions(
  ctx: Context,
  name: string,
  access: RegistryAccess,
  insecure?: boolean,
): Promise<RegistryOptions> {
  const { lookUpCredentials } = await import("../../registry/credentials.ts");
  const { registryCertificates } = await import("../../registry/certificates.ts");
  const entry = await usableRegistry(name);
  const registry = name.split("/")[0] as string;
  const creds = typeof access.creds === "function" ? await access.creds() : access.creds;
  const told = new WeakSet<Error>();
  return {
    tlsVerify: access.tlsVerify ?? !(insecure ?? entry?.insecure ?? false),
    credentials: creds
      ? givenCredentials(creds)
      : lookUpCredentials(ctx, name, access, await credentialHelpers()),
    certificates: registryCertificates(ctx, registry, access.certDir),
    attempts: access.retry === undefined ? undefined : access.retry + 1,
    retryDelay: access.retryDelay,
    patient: true,
    onRetry: ({ error, wait, attempt, retries }) => {
      // Requests at the same time find the registry, or not, together.
      if (told.has(error)) return;
      told.add(error);
      access.onRetry?.(
        `Failed, retrying in ${formatDuration(Math.round(wait * 1000))} ... (${attempt}/${retries}). Error: ${access.retrying ?? ""}${error.message}`,
      );
    },
  };
}

/** Where registries.conf has credentials looked for; undefined where it says nothing. */
export async function credentialHelpers(): Promise<string[] | undefined> {
  return (await registriesConf())?.credentialHelpers;
}

/** What registries.conf says of a registry or a repository of it, unless that is to keep away from it. */
export async function usableRegistry(name: string): Promise<RegistryEntry | undefined> {
  const conf = await registriesConf();
  const entry = findRegistry(conf, name);
  if (entry?.blocked) {
    const { file, directories } = conf as RegistriesConf;
    throw new EngineError(
      "registry-blocked",
      `registry ${entry.prefix} is blocked in ${file} or ${directories.at(-1)}`,
    );
  }
  return entry;
}

function givenCredentials(text: string) {
  const credentials = parseCredentials(text);
  if (credentials) return credentials;
  throw new EngineError("bad-argument", "credentials can't be empty", {
    hint: "--creds takes NAME:PASSWORD",
  });
}
