import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError } from "../errors.ts";
import type { Context } from "../host/context.ts";
import { listDirectory } from "../host/files.ts";
import type { TlsOptions } from "./http.ts";

/**
 * Certificates for a registry (containers-certs.d(5)): of --cert-dir, else of the first certs.d that has a directory for
 * it; one that isn't there has none. `*.crt` are trusted, `*.cert` with its `*.key` is shown.
 */
export function registryCertificates(
  ctx: Context,
  registry: string,
  given: string | undefined,
): Omit<TlsOptions, "verify"> | undefined {
  const directory = given ? path.resolve(given) : findDirectory(ctx, registry);
  if (directory === undefined) return undefined;
  const names = listDirectory(directory).sort();
  const read = (name: string) => fs.readFileSync(path.join(directory, name), "utf8");
  const ca = names.filter((name) => name.endsWith(".crt")).map(read);
  const own = names.find((name) => name.endsWith(".cert"));
  if (own !== undefined) {
    const key = own.replace(/\.cert$/, ".key");
    if (!names.includes(key)) {
      throw new EngineError(
        "bad-certificates",
        `missing client key ${key} for client certificate ${own} in ${directory}`,
      );
    }
    return { ...(ca.length > 0 ? { ca } : {}), cert: read(own), key: read(key) };
  }
  return ca.length > 0 ? { ca } : undefined;
}

function findDirectory(ctx: Context, registry: string): string | undefined {
  return [path.join(ctx.home, ".config/containers/certs.d"), "/etc/containers/certs.d", "/etc/docker/certs.d"]
    .map((parent) => path.join(parent, registry))
    .find((directory) => fs.existsSync(directory));
}

/** The machine's own, where distributions keep them; SSL_CERT_FILE names another file, as for Go's programs. */
export function readSystemCertificates(): string[] {
  const { SSL_CERT_FILE } = process.env;
  const usual = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
  ];
  for (const file of SSL_CERT_FILE ? [SSL_CERT_FILE] : usual) {
    try {
      const text = fs.readFileSync(file, "utf8");
      return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    } catch {
      // the next one
    }
  }
  return [];
}
