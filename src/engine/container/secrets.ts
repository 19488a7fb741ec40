import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "../../host/context.ts";
import type { ContainerConfig, SecretRequest } from "../../oci/container.ts";
import { type ContainerRecord, containerDirectory } from "../../runtime/records.ts";
import { getSecret, readSecret } from "../../storage/secrets.ts";
import { type Mappings, parentOwner } from "./owner.ts";

/*
 * Secrets of a container. What is mounted is copied when the container is made: a secret that is replaced or removed later
 * stays for it what it was. Those with a relative target are in one directory, which is mounted as a whole: single files
 * would leave empty ones behind in the container's root filesystem.
 */

const TARGET = "/run/secrets";

/** Looks the secrets up by what was given. */
export function resolveSecrets(ctx: Context, config: ContainerConfig): void {
  config.secrets = config.secrets.map((request) => {
    const { id, name } = getSecret(ctx, request.name);
    return { ...request, id, name, target: request.target || name };
  });
}

/** Copies what is to be mounted into the directory of a container that is being made. */
export function stageSecrets(
  ctx: Context,
  config: ContainerConfig,
  staged: string,
  mappings: Mappings,
): void {
  for (const [index, secret] of config.secrets.entries()) {
    if (secret.type !== "mount") continue;
    const file = copyOf(staged, secret, index);
    // Podman has the directory also where nothing is put into it.
    for (const directory of [path.join(staged, "secrets"), path.dirname(file)]) {
      fs.mkdirSync(directory, { recursive: true, mode: 0o755 });
    }
    fs.writeFileSync(file, readSecret(getSecret(ctx, secret.id)), { mode: 0o600 });
    const { uid, gid } = parentOwner(mappings, secret);
    fs.chownSync(file, uid, gid);
    fs.chmodSync(file, secret.mode);
  }
}

/** What to bind where. */
export function secretFiles(
  ctx: Context,
  record: ContainerRecord,
): { source: string; destination: string }[] {
  const directory = containerDirectory(ctx, record.id);
  const files = record.config.secrets.flatMap((secret, index) =>
    secret.type === "mount" && path.isAbsolute(secret.target)
      ? { source: copyOf(directory, secret, index), destination: secret.target }
      : [],
  );
  const shared = path.join(directory, "secrets");
  return fs.existsSync(shared) ? [{ source: shared, destination: TARGET }, ...files] : files;
}

/** Variables that are secrets are read at every start. */
export function secretEnv(ctx: Context, { config }: ContainerRecord): Record<string, string> {
  const variables = config.secrets.filter(({ type }) => type === "env");
  return Object.fromEntries(
    variables.map(({ name, target }) => [target, readSecret(getSecret(ctx, name)).toString()]),
  );
}

function copyOf(directory: string, { target }: SecretRequest, index: number): string {
  if (path.isAbsolute(target)) return path.join(directory, "secret-files", `${index}`);
  return path.join(directory, "secrets", path.posix.join("/", target));
}
