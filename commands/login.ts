import * as fs from "node:fs";
import { atMost, CoracleCommand, flag } from "../src/cli/command.ts";
import { accessFlags } from "../src/cli/registry-flags.ts";
import type { GivenAuthFiles } from "../src/engine/registry/options.ts";
import { EngineError } from "../src/errors.ts";

export default class Login extends CoracleCommand {
  static override summary = "Log in to a container registry";
  static override description =
    "Logs in to a container registry with name and password, which are kept in an authentication file once the registry has taken them.";
  static override usage = "[options] [REGISTRY]";
  static override examples = [
    "coracle login quay.io",
    "coracle login --username ... --password ... quay.io",
    "coracle login --authfile dir/auth.json quay.io",
  ];
  static override flags = {
    authfile: accessFlags.authfile,
    "cert-dir": accessFlags["cert-dir"],
    "compat-auth-file": accessFlags["compat-auth-file"],
    "get-login": flag.boolean({ description: "Return the current login user for the registry" }),
    password: flag.string({ char: "p", description: "Password for registry", default: "" }),
    "password-stdin": flag.boolean({ description: "Take the password from stdin" }),
    secret: flag.string({
      description: "Retrieve password from a coracle secret",
      default: "",
      completes: "secret",
    }),
    "tls-verify": accessFlags["tls-verify"],
    username: flag.string({ char: "u", description: "Username for registry", default: "" }),
    verbose: flag.boolean({ char: "v", description: "Write more detailed information to stdout" }),
  };
  static override arity = atMost(1);
  static override completes = ["registry"] as const;

  async run(): Promise<void> {
    const { flags, args, given } = await this.input(Login);
    const { registryName } = await import("../src/engine/registry/name.ts");
    const { login, storedCredentials, checkCredentials } = await import("../src/engine/registry/login.ts");
    const { authFiles, registryAccess } = await import("../src/cli/registry-flags.ts");
    let { username, password } = flags;
    if (flags.secret !== "") {
      if (password !== "") throw this.usageError("--secret can not be used with --password options");
      username ||= flags.secret;
      const { secretText } = await import("../src/engine/secret/inspect.ts");
      password = secretText(this.context, flags.secret);
    }
    const files = authFiles(flags);
    const name = await registryName(args[0]);
    const access = { ...registryAccess({ ...flags, authfile: undefined }, given), ...files };
    const stored = async () =>
      isThere(files) ? await storedCredentials(this.context, name, files) : undefined;
    if (flags["get-login"]) {
      const user = (await stored())?.username;
      if (user === undefined) throw this.usageError(`not logged into ${name}`);
      this.printLine(user);
      return;
    }
    if (flags["password-stdin"]) {
      if (password !== "") throw this.usageError("can't specify both --password-stdin and --password");
      if (username === "") throw this.usageError("must provide --username with --password-stdin");
      password = fs.readFileSync(0, "utf8").replace(/\r?\n$/, "");
    }
    if (username === "" && password === "") {
      const known = await stored();
      if (known && !known.identityToken) {
        this.printLine(`Authenticating with existing credentials for ${name}`);
        const valid = await checkCredentials(this.context, name, known, access).then(
          () => true,
          () => false,
        );
        if (valid) {
          this.printLine(`Existing credentials are valid. Already logged in to ${name}`);
          return;
        }
        this.printLine("Existing credentials are invalid, please enter valid username and password");
      }
    }
    const credentials = await askForRest(username, password, (await stored())?.username);
    const { file } = await login(this.context, name, credentials, access);
    if (flags.verbose) this.printLine(`Used:  ${file}`);
    this.printLine("Login Succeeded!");
  }
}

/** A file that login is to make need not be there yet; then nobody is logged in. */
function isThere({ authfile, compatAuthFile }: GivenAuthFiles): boolean {
  const file = authfile || compatAuthFile;
  return !file || fs.existsSync(file);
}

async function askForRest(username: string, password: string, last: string | undefined) {
  if (username !== "" && password !== "") return { username, password };
  const { readLine, readPassword } = await import("../src/cli/prompt.ts");
  let name = username;
  if (name === "") {
    const typed = readLine(last ? `Username (${last}): ` : "Username: ");
    if (typed === undefined) {
      throw new EngineError("no-terminal", "getting username and password: reading username: EOF", {
        hint: "without a terminal use --username and --password-stdin",
      });
    }
    name = typed.trim() || last || "";
  }
  return { username: name, password: password || (await readPassword("Password: ")) };
}
