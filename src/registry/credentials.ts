import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, rephrase } from "../errors.ts";
import { checkAuthFile } from "../host/auth-file.ts";
import { type Context, ensureDirectory } from "../host/context.ts";
import { askCredentialHelper } from "../host/credential-helper.ts";
import { readJson, writeFileAtomic } from "../host/files.ts";
import { jsonFault } from "../oci/json-fault.ts";
import { AUTH_FILES } from "../oci/registries.ts";
import { type AuthFile, findCredentials } from "./auth-file.ts";
import type { Credentials } from "./session.ts";

/** The files that flags name: ours, or one that Docker reads as well. */
export interface GivenAuthFiles {
  authfile?: string | undefined;
  compatAuthFile?: string | undefined;
}

export interface ChosenAuthFile {
  file: string;
  /** Docker's: it has registries only, and a name of its own for its hub. */
  docker: boolean;
}

/** The file that was named: by a flag, or by the environment. */
function namedAuthFile({ authfile, compatAuthFile }: GivenAuthFiles): ChosenAuthFile | undefined {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG } = process.env;
  if (authfile) return { file: path.resolve(authfile), docker: false };
  if (compatAuthFile) return { file: path.resolve(compatAuthFile), docker: true };
  if (REGISTRY_AUTH_FILE) return { file: path.resolve(REGISTRY_AUTH_FILE), docker: false };
  return DOCKER_CONFIG ? { file: path.resolve(DOCKER_CONFIG, "config.json"), docker: true } : undefined;
}

/** The file that login writes and that comes first: the one that was named, or the user's own. */
export function authFileToWrite(ctx: Context, given: GivenAuthFiles): ChosenAuthFile {
  return namedAuthFile(given) ?? { file: ownAuthFile(ctx), docker: false };
}

function ownAuthFile(ctx: Context): string {
  return path.join(process.env.XDG_RUNTIME_DIR || configHome(ctx), "containers/auth.json");
}

function configHome(ctx: Context): string {
  return process.env.XDG_CONFIG_HOME || path.join(ctx.home, ".config");
}

export function readAuthFile(file: string): AuthFile {
  try {
    return readJson<AuthFile>(file) ?? {};
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const fault = jsonFault(fs.readFileSync(file, "utf8"));
    const place = JSON.stringify(file);
    throw new EngineError(
      "bad-authfile",
      `reading JSON file ${place}: unmarshaling JSON at ${place}: ${fault}`,
      {
        hint: "`coracle login` makes such files; see containers-auth.json(5)",
        cause: error,
      },
    );
  }
}

export function writeAuthFile(file: string, content: AuthFile): void {
  ensureDirectory(path.dirname(file));
  writeFileAtomic(file, JSON.stringify(content, null, "\t"), { mode: 0o600 });
}

/** Name and password for `registry[/repository]`, undefined where none are known. `helpers` are those of registries.conf. */
export function lookUpCredentials(
  ctx: Context,
  name: string,
  given: GivenAuthFiles,
  helpers: readonly string[] = [AUTH_FILES],
  what = "getting username and password",
): Credentials | undefined {
  let failure: unknown;
  for (const helper of helpers) {
    try {
      const registry = name.split("/")[0] as string;
      const found = helper === AUTH_FILES ? inFiles(ctx, name, given) : askHelper(helper, registry);
      if (found) return found;
    } catch (error) {
      failure ??= error; // the next one may know
    }
  }
  if (failure instanceof EngineError && failure.code === "credential-helper")
    throw rephrase(failure, { prefix: `${what}: ` });
  if (failure !== undefined) throw failure;
  return undefined;
}

/**
 * A file that a flag names must be there, one of the environment need not; else containers' files and Docker's are looked
 * through.
 */
function inFiles(ctx: Context, name: string, given: GivenAuthFiles): Credentials | undefined {
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

function authFiles(ctx: Context, given: GivenAuthFiles): string[] {
  const flag = given.authfile || given.compatAuthFile;
  if (flag) checkAuthFile(flag);
  const named = namedAuthFile(given);
  if (named) return [named.file];
  return [
    ownAuthFile(ctx),
    path.join(configHome(ctx), "containers/auth.json"),
    path.join(ctx.home, ".docker/config.json"),
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
