/** registries.conf: short names, mirrors, other places, blocked and insecure registries. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";

const home = useHome();
let one: FakeRegistry;
let two: FakeRegistry;

beforeAll(async () => {
  [one, two] = [await FakeRegistry.start(), await FakeRegistry.start()];
});
afterEach(async () => {
  await home.ok("rmi", "--all", "--force");
  for (const registry of [one, two]) registry.reset();
});
afterAll(async () => {
  await one.stop();
  await two.stop();
});

function withConf(conf: string, ...args: string[]) {
  const file = join(home.directory, "registries.conf");
  writeFileSync(file, conf);
  return home.run(args, { env: { CONTAINERS_REGISTRIES_CONF: file } });
}

const image = (registry: FakeRegistry, repository = "a/b") =>
  registry.image(repository, "1", [tar([{ path: `${repository}-x` }])]);
const insecure = (location: string, more = "") =>
  `[[registry]]\nlocation = "${location}"\ninsecure = true\n${more}`;

test("a short name is looked for in all registries, and nobody is asked", async () => {
  image(two);
  const search = `unqualified-search-registries = ["${one.address}", "${two.address}"]\n`;
  const conf = search + insecure(one.address) + insecure(two.address);
  const found = await withConf(conf, "pull", "a/b:1");
  expect(found).toMatchObject({ exitCode: 0 });
  expect(found.stderr).toContain(
    `Resolving "a/b" using unqualified-search registries (${home.directory}/registries.conf)\nTrying to pull ${one.address}/a/b:1...\nTrying to pull ${two.address}/a/b:1...\n`,
  );
  expect(await home.ok("images", "--format", "{{.Repository}}")).toBe(`${two.address}/a/b`);
  // What is here is known by its name here.
  const again = await withConf(insecure(two.address), "pull", "a/b:1");
  expect(again.stderr).toMatch(new RegExp(`^Trying to pull ${two.address}/a/b:1...\n`));
  // A registry that isn't there doesn't keep what others have from being found.
  two.content.set("_catalog", { data: Buffer.from('{"repositories":["a/b"]}'), type: "application/json" });
  const dead = search.replace('["', '["localhost:1", "') + insecure(two.address);
  expect((await withConf(dead, "search", "--format", "{{.Name}}", "a/b")).stdout).toBe(
    `${two.address}/a/b\n`,
  );
  expect((await withConf(dead, "search", "nothing")).stderr).toContain(
    `Error: 2 errors occurred:\n\t* couldn't search registry "localhost:1": pinging container registry`,
  );
  const missing = await withConf(conf, "pull", "-q", "a/c:1");
  expect(missing.exitCode).toBe(125);
  expect(missing.stderr).toMatch(/^Error: 2 errors occurred while pulling:\n \* initializing source docker:/);
  const enforcing = await withConf(`short-name-mode = "enforcing"\n${conf}`, "pull", "a/c:1");
  expect(enforcing).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(
      /^Error: short-name resolution enforced but cannot prompt without a TTY; .*\n$/,
    ),
  });
});

test("an alias, and a short name that means nothing", async () => {
  image(one);
  const conf = `${insecure(one.address)}[aliases]\nshort = "${one.address}/a/b"\n`;
  const result = await withConf(conf, "pull", "short:1");
  expect(result).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/^Resolved "short" as an alias/),
  });
  expect(await withConf(conf, "create", "nosuchname")).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      `Error: short-name "nosuchname" did not resolve to an alias and no unqualified-search registries are defined in "${home.directory}/registries.conf"`,
    ),
  });
});

test("another location, under the name that was asked for", async () => {
  image(one, "moved/b");
  const conf = `[[registry]]\nprefix = "example.org/a"\nlocation = "${one.address}/moved"\ninsecure = true\n`;
  expect(await withConf(conf, "pull", "-q", "example.org/a/b:1")).toMatchObject({ exitCode: 0 });
  expect(await home.ok("images", "--format", "{{.Repository}}")).toBe("example.org/a/b");
});

test("mirrors come first; what they lack comes from the place itself", async () => {
  const [mirrored, own] = [image(two, "a/b"), image(one, "a/c")];
  const mirror = `[[registry.mirror]]\nlocation = "${two.address}"\ninsecure = true\n`;
  const conf = insecure(one.address, mirror);
  expect(await withConf(conf, "pull", "-q", `${one.address}/a/b:1`)).toMatchObject({ exitCode: 0 });
  expect(one.requests).toEqual([]);
  expect(await home.ok("image", "inspect", "--format", "{{.Digest}}", `${one.address}/a/b:1`)).toBe(
    mirrored.digest,
  );
  expect(await withConf(conf, "pull", "-q", `${one.address}/a/c:1`)).toMatchObject({ exitCode: 0 });
  expect(await home.ok("image", "inspect", "--format", "{{.Digest}}", `${one.address}/a/c:1`)).toBe(
    own.digest,
  );
  expect((await withConf(conf, "pull", "-q", `${one.address}/a/d:1`)).stderr).toContain(
    `(Mirrors also failed: [${two.address}/a/d:1: reading manifest 1 in ${two.address}/a/d: manifest unknown]): ${one.address}/a/d:1: reading manifest 1`,
  );
  const byDigest = insecure(one.address, `${mirror}pull-from-mirror = "digest-only"\n`);
  two.requests.length = 0;
  expect(await withConf(byDigest, "pull", "-q", `${one.address}/a/c:1`)).toMatchObject({ exitCode: 0 });
  expect(two.requests).toEqual([]);
});

test("blocked, and insecure only where it says so", async () => {
  image(one);
  const name = `${one.address}/a/b:1`;
  const blocked = `[[registry]]\nlocation = "${one.address}"\nblocked = true\n`;
  const reason = `registry ${one.address} is blocked in ${home.directory}/registries.conf or ${home.env.HOME}/.config/containers/registries.conf.d`;
  expect(await withConf(blocked, "pull", "-q", name)).toMatchObject({
    exitCode: 125,
    stderr: `Error: initializing source docker://${name}: ${reason}\n`,
  });
  expect((await withConf(blocked, "search", `${one.address}/x`)).stderr).toContain(reason);
  expect((await withConf(insecure(one.address), "pull", "-q", "--tls-verify", name)).exitCode).toBe(125);
  expect(one.requests).toEqual([]);
  expect((await withConf(insecure(one.address), "pull", "-q", name)).exitCode).toBe(0);
  expect((await withConf(blocked, "push", name)).stderr).toContain(reason);
});

test("login without a registry is to the first one to search", async () => {
  const conf = `unqualified-search-registries = ["${one.address}"]\n${insecure(one.address)}`;
  expect(await withConf(conf, "login", "-u", "me", "-p", "secret")).toMatchObject({
    exitCode: 0,
    stdout: "Login Succeeded!\n",
  });
  expect(await withConf(conf, "login", "--get-login")).toMatchObject({ stdout: "me\n" });
});
