import * as fs from "node:fs";
import { CoracleCommand, exactly, flag } from "../../src/cli/command.ts";
import { parseLabels } from "../../src/cli/values.ts";
import { EngineError, reasonOf } from "../../src/errors.ts";

export default class Create extends CoracleCommand {
  static override summary = "Create a new secret";
  static override description =
    'Create a secret. Input can be a path to a file or "-" (read from stdin). Secret drivers "file" (default), "pass", and "shell".';
  static override usage = "[options] NAME FILE|-";
  static override examples = [
    "coracle secret create mysecret /path/to/secret",
    'printf "secretdata" | coracle secret create mysecret -',
    "coracle secret create --env mysecret MYSECRET",
  ];
  static override flags = {
    driver: flag.string({
      char: "d",
      description: "Specify secret driver",
      default: "file",
      choices: ["file", "pass", "shell"],
    }),
    "driver-opts": flag.stringToString({ description: "Specify driver specific options" }),
    env: flag.boolean({ description: "Read secret data from environment variable" }),
    ignore: flag.boolean({
      description: "If a secret with the same name exists, ignore and do not recreate",
    }),
    label: flag.stringArray({ char: "l", description: "Specify labels on the secret" }),
    replace: flag.boolean({ description: "If a secret with the same name exists, replace it" }),
  };
  static override arity = exactly(2);
  static override completes = ["none", "file"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Create);
    if (flags.replace && flags.ignore) throw this.usageError("cannot use --replace and --ignore together");
    const [name, source] = args as [string, string];
    const defaults = this.context.config.secrets;
    const secret = {
      name,
      driver: given.has("driver") ? flags.driver : (defaults.driver ?? flags.driver),
      data: flags.env ? fromEnvironment(source) : fromFile(source),
      labels: parseLabels(flags.label),
      options: given.has("driver-opts") ? Object.fromEntries(flags["driver-opts"]) : { ...defaults.opts },
      replace: flags.replace,
      ignore: flags.ignore,
    };
    await this.requireNamespace();
    const { createSecret } = await import("../../src/engine/secret/create.ts");
    this.printLine(await createSecret(this.context, secret));
  }
}

function fromEnvironment(name: string): Buffer {
  const value = process.env[name];
  if (value) return Buffer.from(value);
  throw new EngineError("usage", `cannot create store secret data: environment variable ${name} is not set`);
}

function fromFile(file: string): Buffer {
  const stdin = file === "-" || file === "/dev/stdin";
  if (stdin && fs.fstatSync(0).isCharacterDevice()) {
    throw new EngineError("usage", "if `-` is used, data must be passed into stdin");
  }
  try {
    return fs.readFileSync(stdin ? 0 : file);
  } catch (cause) {
    throw new EngineError("no-such-file", `open ${file}: ${reasonOf(cause)}`, { cause });
  }
}
