/** policy.json: which images come in. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";

const home = useHome();
const file = join(home.directory, "home/.config/containers/policy.json");
let registry: FakeRegistry;

beforeAll(async () => {
  registry = await FakeRegistry.start();
  for (const name of ["a/b", "a/c"]) registry.image(name, "1", [tar([{ path: "x" }])]);
});
afterEach(async () => {
  rmSync(file, { force: true });
  await home.ok("rmi", "--all", "--force");
});
afterAll(async () => registry.stop());

function policy(value: object): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}
const accept = [{ type: "insecureAcceptAnything" }];
const reject = [{ type: "reject" }];
const pull = (name: string, ...flags: string[]) =>
  home.coracle("pull", "-q", "--tls-verify=false", ...flags, `${registry.address}/${name}:1`);

test("a pull that is rejected fetches no layer and leaves nothing", async () => {
  policy({ default: accept, transports: { docker: { [`${registry.address}/a/b`]: reject } } });
  expect(await pull("a/b")).toMatchObject({
    exitCode: 125,
    stderr: `Error: Source image rejected: Running image docker://${registry.address}/a/b:1 is rejected by policy.; ${file} says so\n`,
  });
  expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
  expect(await home.ok("images", "-q")).toBe("");
  const run = await home.coracle("run", "--rm", "--tls-verify=false", `${registry.address}/a/b:1`, "x");
  expect(run).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("is rejected by policy.") });
  expect(await pull("a/c")).toMatchObject({ exitCode: 0 });
});

test("archives", async () => {
  policy({ default: reject, transports: { docker: { "": accept } } });
  const load = await home.coracle("load", "-q", "-i", busyboxArchive());
  expect(load).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("is rejected by policy.") });
  expect(await home.ok("images", "-q")).toBe("");
  policy({ default: reject, transports: { "oci-archive": { [dirname(busyboxArchive())]: accept } } });
  expect(await home.coracle("load", "-q", "-i", busyboxArchive())).toMatchObject({ exitCode: 0 });
});

test("what can't be told apart is refused", async () => {
  policy({ default: accept });
  const strict = join(home.directory, "strict.json");
  writeFileSync(
    strict,
    JSON.stringify({ default: [{ type: "signedBy", keyType: "GPGKeys", keyPath: "/k" }] }),
  );
  const signed = await pull("a/b", "--signature-policy", strict);
  expect(signed).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("must be signedBy") });
  writeFileSync(file, "{");
  const broken = await pull("a/b");
  expect(broken).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(`invalid policy in "${file}"`),
  });
});
