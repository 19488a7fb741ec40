import * as fs from "node:fs";
import * as path from "node:path";
import { EngineError, isErrno, reasonOf } from "../errors.ts";
import { ensureDirectory } from "../host/context.ts";
import { writeFileAtomic } from "../host/files.ts";
import { childProcess } from "../host/spawn.ts";
import { invalid } from "../oci/invalid.ts";

/** Where the contents of secrets are: files, commands of the user's, or files that are encrypted for a key of GnuPG's. */
export interface SecretDriver {
  lookup(id: string): Buffer;
  store(secret: { id: string; name: string }, data: Uint8Array): void;
  delete(id: string): void;
}

type Options = Readonly<Record<string, string>>;

/** More than a secret may have. */
const MAX_OUTPUT = 1 << 20;

export function secretDriver(name: string, options: Options): SecretDriver {
  switch (name) {
    case "file":
      return fileDriver(options);
    case "pass":
      return passDriver(options);
    case "shell":
      return shellDriver(options);
    default:
      throw invalid("invalid driver", "secret drivers are file, pass and shell");
  }
}

function fileDriver(options: Options): SecretDriver {
  const directory = options["path"] as string;
  return {
    lookup(id) {
      try {
        return fs.readFileSync(path.join(directory, id));
      } catch (cause) {
        if (!isErrno(cause, "ENOENT")) throw cause;
        throw new EngineError("no-secret-data", `${id}: no secret data with ID`, {
          hint: "`coracle secret create --replace` gives the secret a content again",
          cause,
        });
      }
    },
    store({ id }, data) {
      ensureDirectory(directory);
      writeFileAtomic(path.join(directory, id), data);
    },
    delete: (id) => fs.rmSync(path.join(directory, id), { recursive: true, force: true }),
  };
}

const shellCommands = ["delete", "list", "lookup", "store"];

/** Commands that get the id as SECRET_ID; the contents go through stdin and stdout. */
function shellDriver(options: Options): SecretDriver {
  for (const key of Object.keys(options)) {
    if (!shellCommands.includes(key)) throw invalid(`invalid shell driver option: ${JSON.stringify(key)}`);
  }
  if (shellCommands.some((key) => !options[key])) {
    throw invalid("missing config value", `the driver shell has the options ${shellCommands.join(", ")}`);
  }
  const run = (key: string, id: string, io: { input?: Uint8Array; stdout: "pipe" | "inherit" }) =>
    childProcess().spawnSync("/bin/sh", ["-c", options[key] as string], {
      ...(io.input === undefined ? {} : { input: io.input }),
      stdio: [io.input === undefined ? "ignore" : "pipe", io.stdout, "inherit"],
      env: { ...process.env, SECRET_ID: id },
      maxBuffer: MAX_OUTPUT,
    });
  return {
    lookup(id) {
      const { status, stdout } = run("lookup", id, { stdout: "pipe" });
      if (status !== 0) throw noSuchSecret(id);
      return stdout;
    },
    store({ id, name }, data) {
      const { status } = run("store", id, { input: data, stdout: "inherit" });
      if (status !== 0) throw notStored(name, status);
    },
    delete(id) {
      if (run("delete", id, { stdout: "inherit" }).status !== 0) throw noSuchSecret(id);
    },
  };
}

/** A file for each secret in a store of pass or gopass, which need not be installed. */
function passDriver(options: Options): SecretDriver {
  const { root, key } = passwordStore(options);
  const home = options["gpghomedir"];
  const gpg = (args: string[], input?: Uint8Array) =>
    childProcess().spawnSync("gpg", [...(home ? ["--homedir", home] : []), ...args], {
      ...(input === undefined ? {} : { input }),
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "ignore"],
      maxBuffer: MAX_OUTPUT,
    });
  const fileOf = (id: string) => path.resolve(root, `${id}.gpg`);
  return {
    lookup(id) {
      const { status, stdout } = gpg(["--decrypt", fileOf(id)]);
      if (status !== 0 || stdout.length === 0) throw noSuchSecret(id);
      return stdout;
    },
    store({ id, name }, data) {
      const { status, error } = gpg(["--encrypt", "-r", key, "-o", fileOf(id)], data);
      if (status !== 0) throw notStored(name, status, error);
    },
    delete(id) {
      try {
        fs.unlinkSync(fileOf(id));
      } catch (cause) {
        if (isErrno(cause, "ENOENT")) throw noSuchSecret(id);
        throw new EngineError("secret-driver", `${id}: ${reasonOf(cause)}`, { cause });
      }
    },
  };
}

/** What was asked for, or the one in the user's home; the key is the one of the nearest `.gpg-id`. */
function passwordStore(options: Options): { root: string; key: string } {
  const home = process.env["HOME"] ?? "";
  const usual = [".password-store", ".local/share/gopass/stores/root"].map((name) => path.join(home, name));
  const root = options["root"] ?? usual.find((directory) => fs.existsSync(directory)) ?? "";
  return { root, key: options["key"] ?? keyAbove(root) };
}

function keyAbove(directory: string): string {
  try {
    return fs.readFileSync(path.join(directory, ".gpg-id"), "utf8").trim();
  } catch {
    const above = path.dirname(directory);
    return above === directory ? "" : keyAbove(above);
  }
}

function noSuchSecret(id: string): EngineError {
  return new EngineError("no-such-secret", `${id}: no such secret`);
}

function notStored(name: string, status: number | null, cause?: Error): EngineError {
  const reason = cause ? reasonOf(cause) : `exit status ${status}`;
  return new EngineError("secret-driver", `storing secret data ${name}: ${reason}`, { cause });
}
