import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf, FakeRegistry, sendError } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";
import { useFakeRegistry } from "../support/use-fake-registry.ts";

const home = useHome();
const insecure = ["pull", "--tls-verify=false"];

afterEach(() => home.expectNoImagesStay());

describe("what is wrong is told in one line, and nothing is kept", () => {
  const registry = useFakeRegistry();

  const name = (tag = "1") => `${registry.address}/a/b:${tag}`;
  const pull = (...args: string[]) => home.coracle(...insecure, "-q", ...args, name());

  const layer = tar([{ path: "bad", data: Buffer.alloc(1000, "bad") }]);
  const other = tar([{ path: "other" }]);
  const type = "application/vnd.oci.image.layer.v1.tar";
  const index = "application/vnd.oci.image.index.v1+json";
  const goArch = process.arch === "x64" ? "amd64" : process.arch;
  const good = { mediaType: type, digest: digestOf(layer), size: layer.length };
  const put = (digest: string, data: Buffer) =>
    registry.content.set(`a/b/blobs/${digest}`, { data, type: "application/octet-stream" });

  test.each<[string, () => void, RegExp]>([
    ["a layer of other content", () => put(digestOf(layer), Buffer.alloc(layer.length)), /digest/],
    [
      "a layer that is longer",
      () => put(digestOf(layer), Buffer.concat([layer, layer])),
      /bytes|digest|size/,
    ],
    ["a layer that is shorter", () => put(digestOf(layer), layer.subarray(0, 1024)), /bytes|digest|size/],
    [
      "a missing layer",
      () => registry.content.delete(`a/b/blobs/${digestOf(layer)}`),
      /reading blob sha256:.*manifest unknown/,
    ],
    [
      "a layer that is not the config's",
      () => registry.image("a/b", "1", [layer], { layers: [{ ...good, ...registry.blob("a/b", other) }] }),
      /diffID/,
    ],
    [
      "too few layers",
      () => registry.image("a/b", "1", [layer], { layers: [] }),
      /manifest has 0 layers, image config 1/,
    ],
    [
      "a damaged layer",
      () =>
        registry.image("a/b", "1", [layer], {
          layers: [
            {
              ...good,
              mediaType: `${type}+gzip`,
              ...registry.blob("a/b", gzipSync(layer).subarray(0, 60)),
            },
          ],
        }),
      /./,
    ],
    [
      "a digest that is a path",
      () => registry.image("a/b", "1", [layer], { layers: [{ ...good, digest: "sha256:../../x" }] }),
      /invalid digest/,
    ],
    [
      "manifest and index at once",
      () => registry.image("a/b", "1", [layer], { manifests: [] }),
      /neither clearly a manifest nor clearly an index/,
    ],
    [
      "no image",
      () =>
        registry.image("a/b", "1", [layer], {
          config: { ...registry.blob("a/b", "{}"), mediaType: "application/vnd.cncf.helm.config.v1+json" },
        }),
      /is not a container image but application\/vnd.cncf.helm/,
    ],
    [
      "a config that isn't JSON",
      () => {
        const mediaType = "application/vnd.oci.image.config.v1+json";
        registry.image("a/b", "1", [layer], { config: { mediaType, ...registry.blob("a/b", "<html>") } });
      },
      /not valid JSON/,
    ],
    ["no manifest", () => registry.manifest("a/b", "1", "<html>"), /not valid JSON/],
    [
      "a manifest without end",
      () => registry.manifest("a/b", "1", " ".repeat(5 << 20)),
      /answer of more than/,
    ],
    [
      "an index in an index",
      () => {
        const list = (manifests: object[]) => ({ schemaVersion: 2, mediaType: index, manifests });
        const inner = { mediaType: index, ...registry.manifest("a/b", "inner", list([])) };
        registry.manifest("a/b", "1", list([{ ...inner, platform: { os: "linux", architecture: goArch } }]));
      },
      /an index inside an index is not supported/,
    ],
    [
      "a layer of absurd size",
      () => registry.image("a/b", "1", [layer], { layers: [{ ...good, size: Number.MAX_SAFE_INTEGER }] }),
      /has not the announced 9007199254740991 bytes/,
    ],
    [
      "a layer of less than no size",
      () => registry.image("a/b", "1", [layer], { layers: [{ ...good, size: -1 }] }),
      /bad size/,
    ],
    [
      "a config of absurd size",
      () => {
        const mediaType = "application/vnd.oci.image.config.v1+json";
        const config = { mediaType, ...registry.blob("a/b", "{}"), size: 2 ** 40 };
        registry.image("a/b", "1", [layer], { config });
      },
      /image config of 1099511627776 bytes is too large/,
    ],
  ])("%s", async (_name, spoil, message) => {
    registry.image("a/b", "1", [layer]);
    spoil();
    const result = await pull();
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*\n$/);
    expect(result.stderr).toMatch(message);
    expect(home.stored("layers")).toEqual([]);
    expect(home.stored("blobs/partial")).toEqual([]);
    expect(await home.ok("images", "-q")).toBe("");
  });

  test("credentials that are wanted", async () => {
    registry.handler = (_request, response) => {
      sendError(response, 401, "UNAUTHORIZED", "authentication required");
      return true;
    };
    expect((await pull()).stderr).toMatch(
      /^Error: initializing source .*: reading manifest 1 in .*: authentication required; .*\n$/,
    );
  });
});

test("a registry that isn't there is waited for, and told of", async () => {
  const late = await FakeRegistry.start();
  const { address } = late;
  await late.stop();
  const pull = (...flags: string[]) => ["pull", "-q", "--tls-verify=false", ...flags, `${address}/x`];
  const { exitCode, stderr } = await home.coracle(...pull("--retry", "2", "--retry-delay", "10ms"));
  expect(exitCode).toBe(125);
  expect(
    stderr.match(/Failed, retrying in 10ms \.\.\. \([12]\/2\)\. Error: .*connection refused/g),
  ).toHaveLength(2);
  const waiting = home.start(pull("--retry", "3", "--retry-delay", "1s"));
  await waiting.waitForOutput(/retrying in 1s/);
  const there = await FakeRegistry.start({ address });
  there.image("x", "latest", []);
  expect(await waiting.done).toMatchObject({ exitCode: 0 });
  await there.stop();
});

test("a registry that isn't there", async () => {
  const result = await home.coracle("pull", "-q", "--retry", "0", "127.0.0.1:1/x");
  expect(result).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(
      /^Error: initializing source docker:\/\/127\.0\.0\.1:1\/x:latest: pinging container registry 127\.0\.0\.1:1: .*\n$/,
    ),
  });
});

test("plain HTTP without being allowed to", async () => {
  const registry = await FakeRegistry.start();
  const result = await home.coracle("pull", "-q", `${registry.address}/x`);
  await registry.stop();
  expect(result.stderr).toMatch(
    /^Error: initializing source .*: pinging container registry .*: http: server gave HTTP response to HTTPS client; .*--tls-verify=false/,
  );
});

test("a certificate that nobody signed", async (context) => {
  skipUnless(context, hasProgram("openssl"));
  const registry = await FakeRegistry.start({ tls: true });
  registry.image("a", "latest", []);
  const refused = await home.coracle("pull", "-q", `${registry.address}/a`);
  const accepted = await home.coracle(...insecure, "-q", `${registry.address}/a`);
  expect(refused.stderr).toMatch(/x509: certificate signed by unknown authority/);
  expect(accepted).toMatchObject({ exitCode: 0, stderr: "" });
  // Trusted where the user, or the machine, says so.
  const own = join(home.env.HOME as string, ".config/containers/certs.d", registry.address);
  const directory = join(home.directory, "certificates");
  for (const each of [own, directory]) {
    mkdirSync(each, { recursive: true });
    copyFileSync(registry.certificate, join(each, "ca.crt"));
  }
  const pull = ["pull", "-q", `${registry.address}/a`];
  const byFlag = await home.coracle(...pull, "--cert-dir", directory);
  const byUser = await home.coracle(...pull);
  rmSync(own, { recursive: true });
  const byMachine = await home.run(pull, { env: { SSL_CERT_FILE: registry.certificate } });
  const byNobody = await home.coracle(...pull);
  await registry.stop();
  for (const each of [byFlag, byUser, byMachine])
    expect(each).toMatchObject({ exitCode: 0, stdout: accepted.stdout, stderr: "" });
  expect(byNobody).toMatchObject({ exitCode: 125 });
});

test.each([
  ["UPPER", /repository name must be lowercase/],
  ["a::b", /invalid reference format; "a::b" is not /],
  ["localhost/nope", /localhost\/nope: image not known/],
  ["0".repeat(64), /image not known/],
])("%s", async (reference, message) => {
  const result = await home.coracle("pull", "-q", reference);
  expect(result).toMatchObject({ exitCode: 125, stdout: "" });
  expect(result.stderr).toMatch(message);
});
