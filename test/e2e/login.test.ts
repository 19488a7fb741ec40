/** The files that accounts of registries are kept in, and where passwords come from. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { CREDENTIALS, startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome();
const http = "--tls-verify=false";
const missing = hasProgram("docker-registry");
const { username, password } = CREDENTIALS;
let registry: TestRegistry;

beforeAll(async () => {
  if (missing === undefined) registry = await startRegistry({ auth: true });
});
afterAll(async () => registry?.stop());
beforeEach((context) => skipUnless(context, missing));

const at = (name: string) => join(home.directory, name);
const auth = Buffer.from(`${username}:${password}`).toString("base64");
const kept = (file: string) => JSON.parse(readFileSync(file, "utf8")).auths;

test("--secret: the password is a secret, which names the user, too", async () => {
  writeFileSync(at("password"), password);
  await home.ok("secret", "create", username, at("password"));
  const login = (...flags: string[]) =>
    home.coracle("login", http, "--authfile", at("secret.json"), ...flags, registry.address);
  expect(await login("--secret", username)).toMatchObject({ exitCode: 0, stdout: "Login Succeeded!\n" });
  expect(kept(at("secret.json"))).toEqual({ [registry.address]: { auth } });
  expect(await login("--secret", username, "-u", "other")).toMatchObject({ exitCode: 125 });
  expect((await login("--secret", username, "-p", "x")).stderr).toContain(
    "--secret can not be used with --password options",
  );
  expect((await login("--secret", "none")).stderr).toContain("no such secret");
});

test("--compat-auth-file, DOCKER_CONFIG and --config: a file as Docker has it", async () => {
  const account = ["-u", username, "-p", password];
  const compat = ["--compat-auth-file", at("compat.json")];
  writeFileSync(at("compat.json"), JSON.stringify({ credsStore: "", auths: { other: {} } }));
  await home.ok("login", http, ...compat, ...account, registry.address);
  expect(kept(at("compat.json"))).toEqual({ other: {}, [registry.address]: { auth } });
  expect(
    (await home.coracle("login", http, ...compat, ...account, `${registry.address}/team`)).stderr,
  ).toContain(
    `credentials cannot be recorded in Docker-compatible format with namespaced key "${registry.address}/team"`,
  );
  for (const command of ["login", "logout"]) {
    const both = await home.coracle(command, ...compat, "--authfile", at("compat.json"), registry.address);
    expect(both.stderr).toContain(
      "options for paths to the credential file and to the Docker-compatible credential file can not be set simultaneously",
    );
  }
  await home.ok("logout", ...compat, registry.address);
  expect(kept(at("compat.json"))).toEqual({ other: {} });
  const docker = join(at("docker"), "config.json");
  mkdirSync(at("docker"));
  await home.ok("--config", at("docker"), "login", http, ...account, registry.address);
  expect(kept(docker)).toEqual({ [registry.address]: { auth } });
  const get = ["login", "--get-login", registry.address];
  const env = { DOCKER_CONFIG: at("docker") };
  expect(await home.run(get, { env })).toMatchObject({ exitCode: 0, stdout: `${username}\n` });
  expect(await home.coracle(...get)).toMatchObject({ exitCode: 125 });
  // A file that isn't there yet knows nobody, whatever other files say.
  expect(await home.run([...get, "--authfile", at("new.json")], { env })).toMatchObject({
    exitCode: 125,
    stderr: `Error: not logged into ${registry.address}\n`,
  });
  expect(await home.run(["logout", "--all"], { env })).toMatchObject({ exitCode: 0 });
  expect(kept(docker)).toEqual({});
  expect(existsSync(join(home.runtimeDirectory, "containers/auth.json"))).toBe(false);
});

test("what a login is for: a registry, also by its URL, and a part of one, but no image", async () => {
  const account = ["-u", username, "-p", password, "--authfile", at("keys.json")];
  const login = (name: string) => home.coracle("login", http, ...account, name);
  expect(await login(`http://${registry.address}/v2/team`)).toMatchObject({ exitCode: 0 });
  expect(await login(`${registry.address}/team/app`)).toMatchObject({ exitCode: 0 });
  expect(Object.keys(kept(at("keys.json")))).toEqual([registry.address, `${registry.address}/team/app`]);
  expect((await login(`${registry.address}/app:1`)).stderr).toContain("contains tag or digest");
});

test("credential-helpers of registries.conf keep the account, and are asked for it", async () => {
  const bin = at("helpers");
  mkdirSync(bin);
  const helper = join(bin, "docker-credential-fake");
  const keep = join(bin, "kept.json");
  writeFileSync(
    helper,
    `#!/bin/sh
case $1 in
store) cat > ${keep} ;;
get) test -s ${keep} && exec cat ${keep}; echo credentials not found in native keychain; exit 1 ;;
erase) rm ${keep} ;;
esac
`,
    { mode: 0o755 },
  );
  writeFileSync(at("helpers.conf"), 'credential-helpers = ["fake", "containers-auth.json"]\n');
  const env = { PATH: `${bin}:${home.env.PATH}`, CONTAINERS_REGISTRIES_CONF: at("helpers.conf") };
  const run = (...args: string[]) => home.run(args, { env });
  const account = ["-u", username, "-p", password, registry.address];
  expect(await run("login", http, ...account)).toMatchObject({ exitCode: 0, stdout: "Login Succeeded!\n" });
  expect(JSON.parse(readFileSync(keep, "utf8"))).toEqual({
    ServerURL: registry.address,
    Username: username,
    Secret: password,
  });
  expect((await run("login", "--get-login", registry.address)).stdout).toBe(`${username}\n`);
  expect((await run("pull", http, "-q", `${registry.address}/none`)).stderr).toContain("manifest unknown");
  expect(await run("logout", registry.address)).toMatchObject({ exitCode: 0 });
  expect(existsSync(keep)).toBe(false);
  expect((await run("login", "--get-login", registry.address)).stderr).toContain("not logged into");
});
