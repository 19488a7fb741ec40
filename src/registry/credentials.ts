import * as path from "node:path";
import { checkAuthFile } from "../host/auth-file.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { askCredentialHelper } from "../host/credential-helper.ts";
import { readJson, writeFileAtomic } from "../host/files.ts";
import { type AuthFile, findCredentials } from "./auth-file.ts";
import type { Credentials } from "./session.ts";

/** The file that login writes and that comes first: --authfile, REGISTRY_AUTH_FILE, or the user's own. */
export function authFilePath(ctx: Context, given?: string): string {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR } = process.env;
  if (given || REGISTRY_AUTH_FILE) return path.resolve(given || (REGISTRY_AUTH_FILE as string));
  return XDG_RUNTIME_DIR
    ? path.join(XDG_RUNTIME_DIR, "containers/auth.json")
    : path.join(configHome(ctx), "containers/auth.json");
}

function configHome(ctx: Context): string {
  return process.env.XDG_CONFIG_HOME || path.join(ctx.home, ".config");
}

export function readAuthFile(file: string): AuthFile {
  return readJson<AuthFile>(file) ?? {};
}

export function writeAuthFile(file: string, content: AuthFile): void {
  ensureDirectory(path.dirname(file));
  writeFileAtomic(file, JSON.stringify(content, null, "\t"), { mode: 0o600 });
}

/**
 * Name and password for `registry[/repository]`, undefined where none are known. A file that is named must be there,
 * one of REGISTRY_AUTH_FILE need not; else containers' files and Docker's are looked through.
 */
export function lookUpCredentials(ctx: Context, name: string, given?: string): Credentials | undefined {
  for (const file of authFiles(ctx, given)) {
    const content = readAuthFile(file);
    const auths = path.basename(file) === ".dockercfg" ? { auths: content as AuthFile["auths"] } : content;
    const found = findCredentials(auths as AuthFile, name);
    if (!found) continue;
    const credentials = found.kind === "helper" ? askHelper(found.helper, found.key) : found.credentials;
    if (credentials) return credentials;
  }
  return undefined;
}

function authFiles(ctx: Context, given: string | undefined): string[] {
  if (given) checkAuthFile(given);
  const named = given || process.env.REGISTRY_AUTH_FILE;
  if (named) return [path.resolve(named)];
  const docker = process.env.DOCKER_CONFIG || path.join(ctx.home, ".docker");
  return [
    authFilePath(ctx),
    path.join(configHome(ctx), "containers/auth.json"),
    path.join(docker, "config.json"),
    path.join(ctx.home, ".dockercfg"),
  ];
}

function askHelper(helper: string, key: string): Credentials | undefined {
  const answer = askCredentialHelper(helper, key);
  if (!answer) return undefined;
  return answer.name === "<token>"
    ? { username: "", password: "", identityToken: answer.secret }
    : { username: answer.name, password: answer.secret };
}
