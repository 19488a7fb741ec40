import type { GivenAuthFiles, RegistryAccess } from "../engine/registry/options.ts";
import { checkAuthFile } from "../host/auth-file.ts";
import { parseDuration } from "../oci/units.ts";
import { UsageError } from "./argv.ts";
import * as flag from "./flags.ts";
import { warn } from "./log.ts";

/** Of commands that copy images; what comes out of the store is always let through. */
export const policyFlag = flag.string({
  description: "Pathname of signature policy file (not usually used)",
  hidden: true,
  completes: "file",
});

/** The flags that say how a registry is reached. */
export const accessFlags = {
  authfile: flag.string({
    description: "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable to override",
    completes: "file",
  }),
  "cert-dir": flag.string({
    value: "Pathname",
    description:
      "Pathname of a directory containing TLS certificates and keys used to connect to the registry",
    completes: "file",
  }),
  creds: flag.string({
    value: "Credentials",
    description: "Credentials (USERNAME:PASSWORD) to use for authenticating to a registry",
  }),
  "compat-auth-file": flag.string({
    description: "Path of a Docker-compatible config file to update instead",
    completes: "file",
  }),
  retry: flag.uint({
    description: "number of times to retry in case of failure when performing the request",
  }),
  "retry-delay": flag.string({ description: "delay between retries in case of failures" }),
  "tls-verify": flag.boolean({
    description: "Require HTTPS and verify certificates when contacting registries",
    default: true,
  }),
  /** Docker's, of the commands for lists only. */
  insecure: flag.boolean({
    description: "neither require HTTPS nor verify certificates when accessing the registry",
    hidden: true,
  }),
};

/** What those say; without --tls-verify it is registries.conf that says it. */
export function registryAccess(
  flags: {
    authfile?: string | undefined;
    "cert-dir"?: string | undefined;
    creds?: string | undefined;
    retry?: number | undefined;
    "retry-delay"?: string | undefined;
    "tls-verify"?: boolean | undefined;
    insecure?: boolean | undefined;
  },
  given: ReadonlySet<string>,
): RegistryAccess {
  if (flags.authfile) checkAuthFile(flags.authfile);
  return {
    authfile: flags.authfile,
    certDir: flags["cert-dir"],
    creds: flags.creds ? completeCreds(flags.creds) : undefined,
    retry: flags.retry,
    onRetry: warn,
    retryDelay: flags["retry-delay"] === undefined ? undefined : parseDuration(flags["retry-delay"]) / 1000,
    tlsVerify: askedVerification(flags, given),
  };
}

function askedVerification(
  flags: { "tls-verify"?: boolean | undefined; insecure?: boolean | undefined },
  given: ReadonlySet<string>,
): boolean | undefined {
  if (given.has("tls-verify")) return flags["tls-verify"];
  return given.has("insecure") ? !flags.insecure : undefined;
}

/** NAME:PASSWORD; for what of it isn't there somebody asks, once and not before it is wanted. */
function completeCreds(creds: string): string | (() => Promise<string>) {
  const [, name = "", password = ""] = /^([^:]*):?(.*)$/s.exec(creds) ?? [];
  if (name !== "" && password !== "") return creds;
  let asked: Promise<string> | undefined;
  return () => (asked ??= askForCreds(name, password));
}

async function askForCreds(name: string, password: string): Promise<string> {
  const { readLine, readPassword } = await import("./prompt.ts");
  const said = name || (readLine("Username: ")?.trim() ?? "");
  const noTerminal = {
    complaint: "could not read password from terminal",
    hint: "--creds takes NAME:PASSWORD",
  };
  return `${said}:${password || (await readPassword("Password: ", noTerminal))}`;
}

/** The files that login and logout write; at most one of them is named. */
export function authFiles(flags: {
  authfile?: string | undefined;
  "compat-auth-file"?: string | undefined;
}): GivenAuthFiles {
  const { authfile, "compat-auth-file": compatAuthFile } = flags;
  if (!authfile || !compatAuthFile) return { authfile, compatAuthFile };
  throw new UsageError(
    "options for paths to the credential file and to the Docker-compatible credential file can not be set simultaneously",
  );
}

/** The same, of a command that only changes what is in them. */
export function existingAuthFiles(flags: Parameters<typeof authFiles>[0]): GivenAuthFiles {
  for (const file of [flags.authfile, flags["compat-auth-file"]]) if (file) checkAuthFile(file);
  return authFiles(flags);
}

/** Of the commands that push an `image` or an `artifact`; `signBy` describes --sign-by, in Podman's words for each. */
export function signingFlags(what: "image" | "artifact", signBy: string) {
  return {
    "sign-by": flag.unsupported("string", { description: signBy }),
    "sign-by-sigstore": flag.unsupported("string", {
      description: `Sign the ${what} using a sigstore parameter file`,
      completes: "file",
    }),
    "sign-by-sigstore-private-key": flag.unsupported("string", {
      description: `Sign the ${what} using a sigstore private key`,
      completes: "file",
    }),
    "sign-passphrase-file": flag.unsupported("string", {
      description: "Read a passphrase for signing from the file",
      completes: "file",
    }),
  };
}
