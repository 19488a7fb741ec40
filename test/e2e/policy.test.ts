/** policy.json: which images come in. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { busyboxArchive } from "../support/images.ts";
import { hasProgram } from "../support/requirements.ts";

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

test("imports are asked about, what leaves the store isn't", async () => {
  await home.ok("load", "-q", "-i", busyboxArchive());
  const strict = join(home.directory, "reject.json");
  writeFileSync(strict, JSON.stringify({ default: reject }));
  const layer = join(home.directory, "layer.tar");
  writeFileSync(layer, tar([{ path: "x" }]));
  expect(await home.coracle("import", "-q", "--signature-policy", strict, layer)).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(`Running image tarball:${layer} is rejected by policy.`),
  });
  policy({ default: reject, transports: { tarball: { "": accept } } });
  await home.ok("import", "-q", layer);
  const place = join(home.directory, "pushed");
  await home.ok("push", "-q", "--signature-policy", strict, "bb", `dir:${place}`);
  await home.ok("save", "-q", "--signature-policy", strict, "-o", join(home.directory, "saved.tar"), "bb");
  const none = await home.coracle("push", "-q", "--signature-policy", "/none", "bb", `dir:${place}`);
  expect(none).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("/none") });
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

describe("sigstoreSigned", () => {
  const owner = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = join(home.directory, "cosign.pub");
  const registriesD = join(home.directory, "home/.config/containers/registries.d");
  const hasPodman = hasProgram("podman") === undefined;
  beforeAll(() => {
    writeFileSync(key, owner.publicKey.export({ type: "spki", format: "pem" }));
    mkdirSync(registriesD, { recursive: true });
    const scope = `docker:\n  ${registry.address}:\n    use-sigstore-attachments: true\n`;
    writeFileSync(join(registriesD, "test.yaml"), scope);
  });
  afterAll(async () => {
    rmSync(registriesD, { recursive: true });
    // Ends Podman's pause process.
    if (hasPodman) await home.exec(["podman", "--storage-driver=vfs", "system", "migrate"]);
  });

  /** As cosign stores it. */
  function signImage(
    name: string,
    digest: string,
    reference: string,
    by: KeyObject = owner.privateKey,
  ): void {
    const payload = JSON.stringify({
      critical: {
        identity: { "docker-reference": reference },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    });
    const layer = {
      mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
      ...registry.blob(name, payload),
      annotations: {
        "dev.cosignproject.cosign/signature": sign("sha256", Buffer.from(payload), by).toString("base64"),
      },
    };
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.blob(name, "{}") };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    registry.manifest(name, `${digest.replace(":", "-")}.sig`, {
      schemaVersion: 2,
      mediaType,
      config,
      layers: [layer],
    });
  }
  const signed = (more: object = {}) =>
    policy({
      default: reject,
      transports: { docker: { [registry.address]: [{ type: "sigstoreSigned", keyPath: key, ...more }] } },
    });

  /** Why an image doesn't come in, or "". There is no peer to ask: Debian's Podman and skopeo are built without sigstore. */
  async function decide(name: string): Promise<string> {
    const ours = await pull(name);
    const text = /Source image rejected: (.*?)(; |\n)/.exec(ours.stderr)?.[1] ?? ours.stderr;
    expect(ours.exitCode).toBe(text === "" ? 0 : 125);
    return text;
  }

  test("an image comes in by a signature of the key, for it and by its name", {
    timeout: 60_000,
  }, async () => {
    const images = ["none", "good", "key", "other", "name"].map((tag) => `signed/${tag}`);
    const digests = images.map((name) => registry.image(name, "1", [tar([{ path: name }])]).digest);
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    signImage("signed/good", digests[1] as string, `${registry.address}/signed/good:1`);
    signImage("signed/key", digests[2] as string, `${registry.address}/signed/key:1`, stranger);
    signImage("signed/name", digests[4] as string, `${registry.address}/signed/name`);
    // Somebody put a signature for another image in the place of this one's.
    signImage("signed/other", digests[1] as string, `${registry.address}/signed/other:1`);
    const misplaced = registry.content.get(`signed/other/manifests/${digests[1]?.replace(":", "-")}.sig`);
    registry.content.set(
      `signed/other/manifests/${digests[3]?.replace(":", "-")}.sig`,
      misplaced as { data: Buffer; type: string },
    );
    signed();
    expect(await decide("signed/none")).toBe("A signature was required, but no signature exists");
    expect(await decide("signed/good")).toBe("");
    expect(await decide("signed/key")).toMatch(/^cryptographic signature verification failed/);
    expect(await decide("signed/other")).toMatch(/^the signature is for sha256:/);
    expect(await decide("signed/name")).toBe(
      `Signature for identity "${registry.address}/signed/name" is not accepted`,
    );
    signed({ signedIdentity: { type: "matchRepository" } });
    expect(await decide("signed/name")).toBe("");
    // Nobody said that signatures are there.
    rmSync(join(registriesD, "test.yaml"));
    await home.ok("rmi", "--all", "--force");
    expect(await decide("signed/good")).toBe("A signature was required, but no signature exists");
    signed({ keyPath: join(home.directory, "nokey") });
    expect((await pull("signed/good")).stderr).toContain(`no public key in ${home.directory}/nokey`);
    const load = await home.coracle("load", "-q", "-i", busyboxArchive());
    expect(load).toMatchObject({ exitCode: 125 });
  });

  test("trust is shown and set", async () => {
    policy({ default: accept, transports: { "docker-daemon": { "": reject } } });
    const set = ["image", "trust", "set"];
    await home.ok(...set, "-t", "reject", "docker.io/library");
    await home.ok(...set, "-t", "sigstoreSigned", "-f", key, "quay.io/x");
    await home.ok(...set, "-t", "reject", "default");
    expect(await home.coracle(...set, "-t", "foo", "quay.io")).toMatchObject({
      exitCode: 125,
      stderr: "Error: invalid choice: foo (choose from 'accept', 'reject', 'signedBy', 'sigstoreSigned')\n",
    });
    expect(await home.coracle(...set, "quay.io")).toMatchObject({
      stderr: "Error: at least one public key must be defined for type 'signedBy'\n",
    });
    const shown = await home.ok("image", "trust", "show");
    expect(shown.split("\n").map((line) => line.split(/ {2,}/).filter(Boolean))).toEqual([
      ["TRANSPORT", "NAME", "TYPE", "ID", "STORE"],
      ["all", "default", "reject"],
      ["repository", "docker.io/library", "reject"],
      ["repository", "quay.io/x", "sigstoreSigned", "N/A"],
      ["docker-daemon", "reject"],
    ]);
    const own = join(home.directory, "own-policy.json");
    await home.ok(...set, "--signature-policy", own, "-t", "accept", "default");
    expect(await home.ok("image", "trust", "show", "--signature-policy", own)).toMatch(
      /all +default +accept/,
    );
    const places = join(home.directory, "places");
    mkdirSync(places);
    writeFileSync(join(places, "q.yaml"), "docker:\n  quay.io/x:\n    lookaside: https://signed.example\n");
    expect(await home.ok("image", "trust", "show", "--registrypath", places)).toContain(
      "https://signed.example",
    );
    if (hasPodman) {
      for (const flags of [[], ["--json"], ["--raw"], ["-n"]]) {
        const args = ["image", "trust", "show", ...flags];
        const theirs = await home.exec(["podman", "--storage-driver=vfs", ...args, "--policypath", file]);
        expect((await home.coracle(...args)).stdout).toBe(theirs.stdout);
      }
    }
  });
});
