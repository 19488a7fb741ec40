import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf, FakeRegistry, sendError, startTunnelProxy } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { waitUntil } from "../support/process.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome();
const insecure = ["pull", "--tls-verify=false"];
const layersIn = (count: number, size: number, seed: string) =>
  Array.from({ length: count }, (_, i) =>
    tar([{ path: `${seed}-${i}`, data: Buffer.alloc(size, `${seed}${i}`) }]),
  );
const stored = (what: string) => home.stored(what);

/** The most memory that a process has had so far, in kB; undefined when it has ended. */
function peakMemory(pid: number): number | undefined {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return undefined;
  }
}

afterEach(async () => {
  await home.ok("rmi", "--all", "--force");
  expect(stored("layers")).toEqual([]);
  expect(stored("blobs/sha256")).toEqual([]);
  await home.expectNothingStaged();
  expect(stored("locks")).toEqual([]);
});

describe("from a registry that behaves", () => {
  let registry: TestRegistry | undefined;
  const missing = hasProgram("docker-registry") ?? hasProgram("skopeo");

  beforeAll(async () => {
    if (missing !== undefined) return;
    registry = await startRegistry();
    const archive = imageArchive("pull", {
      reference: "localhost/pull:1",
      layers: ["one", "two", "three"].map((path) => [{ path, data: path }]),
      config: { Cmd: ["/x"] },
      gzip: true,
    });
    const target = `docker://${registry.address}/team/pull:1`;
    const copied = await home.exec([
      "skopeo",
      "copy",
      "-q",
      "--dest-tls-verify=false",
      `oci-archive:${archive}`,
      target,
    ]);
    expect(copied).toMatchObject({ exitCode: 0 });
  });

  afterAll(async () => registry?.stop());

  test("the id on stdout, progress on stderr", async (context) => {
    skipUnless(context, missing);
    const name = `${registry?.address}/team/pull:1`;
    const result = await home.coracle(...insecure, name);
    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(result.stderr).toMatch(
      new RegExp(`^Trying to pull ${name}\\.\\.\\.\nGetting image source signatures\nCopying blob sha256:`),
    );
    expect(await home.coracle(...insecure, "-q", name)).toMatchObject({ stdout: result.stdout, stderr: "" });
    expect(await home.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).toBe(name);
  });

  test("by digest it has a repository but no tag", async (context) => {
    skipUnless(context, missing);
    const repository = `${registry?.address}/team/pull`;
    const id = await home.ok(...insecure, "-q", `${repository}:1`);
    const digest = await home.ok("image", "inspect", "--format", "{{.Digest}}", id);
    await home.ok("rmi", id);
    expect(await home.ok(...insecure, "-q", `${repository}@${digest}`)).toBe(id);
    expect(await home.ok("images", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}")).toBe(
      `${repository} <none> ${digest}`,
    );
    await home.ok("image", "exists", `${repository}@${digest}`);
    expect(await home.ok("rmi", `${repository}@${digest}`)).toBe(
      `Untagged: ${repository}@${digest}\nDeleted: ${id}`,
    );
  });

  test("an image that isn't there keeps no other from being pulled", async (context) => {
    skipUnless(context, missing);
    const name = `${registry?.address}/team/pull`;
    const result = await home.coracle(...insecure, "-q", "--cert-dir", "/nosuch", `${name}:2`, `${name}:1`);
    expect(result).toMatchObject({ exitCode: 125, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    expect(result.stderr).toBe(
      `Error: initializing source docker://${registry?.address}/team/pull:2: reading manifest 2 in ${registry?.address}/team/pull: manifest unknown; check the repository name and the tag\n`,
    );
  });

  test("policies", async (context) => {
    skipUnless(context, missing);
    const name = `${registry?.address}/team/pull:1`;
    const never = await home.coracle(...insecure, "--policy", "never", name);
    expect(never).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(`${name}: image not known`),
    });
    const id = await home.ok(...insecure, "-q", "--policy", "missing", name);
    expect(await home.coracle("pull", "--policy", "missing", name)).toMatchObject({
      stdout: `${id}\n`,
      stderr: "",
    });
    expect(await home.ok(...insecure, "-q", "--policy", "newer", name)).toBe(id);
    expect((await home.coracle("pull", "--policy", "sometimes", name)).stderr).toMatch(
      /unsupported pull policy/,
    );
  });
});

describe("from one that can be told what to do", () => {
  let registry: FakeRegistry;

  beforeAll(async () => {
    registry = await FakeRegistry.start();
  });
  afterEach(() => {
    registry.handler = () => false;
    registry.content.clear();
    registry.requests.length = 0;
  });
  afterAll(async () => registry.stop());

  const name = (tag = "1") => `${registry.address}/a/b:${tag}`;
  const pull = (...args: string[]) => home.coracle(...insecure, "-q", ...args, name());

  test("twenty pulls at once fetch each blob once", async () => {
    const layers = layersIn(5, 100_000, "many");
    registry.image("a/b", "1", layers);
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      // Slow enough for all of them to be there.
      setTimeout(() => {
        const found = registry.content.get(url.pathname.slice("/v2/".length));
        response.end(found?.data);
      }, 300);
      return true;
    };
    const results = await Promise.all(Array.from({ length: 20 }, () => pull()));
    expect(new Set(results.map(({ exitCode, stdout }) => `${exitCode} ${stdout}`)).size).toBe(1);
    expect(results[0]?.exitCode).toBe(0);
    for (const layer of layers) expect(registry.count(`a/b/blobs/${digestOf(layer)}`)).toBe(1);
  });

  test("a pull that is killed leaves its work to those who wait for it", async () => {
    registry.image("a/b", "1", layersIn(2, 50_000, "kill"));
    const waiting = new Set<() => void>();
    let hold = true;
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      const data = registry.content.get(url.pathname.slice("/v2/".length))?.data as Buffer;
      if (!hold || data.length < 50_000) return false;
      response.writeHead(200, { "content-length": data.length });
      response.write(data.subarray(0, 1000));
      waiting.add(() => response.destroy());
      return true;
    };
    const first = home.start([...insecure, name()]);
    await waitUntil(() => waiting.size === 2, { what: "the first pull's downloads" });
    const second = home.start([...insecure, "-q", name()]);
    await waitUntil(() => registry.count("a/b/manifests/1") >= 2, { what: "the second pull" });
    hold = false;
    for (const pid of home.processes()) {
      if (pid === first.child.pid) process.kill(pid, "SIGKILL");
    }
    const killed = Date.now();
    expect(await second.done).toMatchObject({ exitCode: 0 });
    // It finds out by itself, and waits for no time to be over.
    expect(Date.now() - killed).toBeLessThan(10_000);
    await first.done;
    for (const close of waiting) close();
  });

  test("the platform is chosen from an index", async () => {
    const layer = layersIn(1, 10, "arch");
    const own = registry.image("a/b", "own", layer);
    const other = registry.manifest("a/b", "other", { schemaVersion: 2, config: {}, layers: [] });
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const entry = (descriptor: object, arch: string) => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      ...descriptor,
      platform: { os: "linux", architecture: arch },
    });
    const index = registry.manifest("a/b", "1", {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [entry(other, "s390x"), entry(own, architecture)],
    });
    expect(await pull()).toMatchObject({ exitCode: 0 });
    const digests = [index.digest, own.digest].sort();
    expect(JSON.parse(await home.ok("image", "inspect", name()))[0].RepoDigests).toEqual(
      digests.map((digest) => `${registry.address}/a/b@${digest}`),
    );
    expect((await pull("--platform", "linux/riscv64")).stderr).toMatch(
      /no image for platform linux\/riscv64; it has linux\/s390x/,
    );
  });

  test("a lost connection is resumed", async () => {
    const [layer] = layersIn(1, 2 << 20, "resume") as [Buffer];
    registry.image("a/b", "1", [layer]);
    let breaks = 2;
    registry.handler = (request, response, url) => {
      if (url.pathname !== `/v2/a/b/blobs/${digestOf(layer)}` || breaks-- <= 0) return false;
      const from = Number(/(\d+)/.exec(request.headers.range ?? "0")?.[1]);
      response.writeHead(from > 0 ? 206 : 200, { "content-length": layer.length - from });
      response.write(layer.subarray(from, from + (1 << 19)), () => setTimeout(() => response.destroy(), 100));
      return true;
    };
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(registry.count(`a/b/blobs/${digestOf(layer)}`)).toBe(3);
  });

  describe("a download that was cut off", () => {
    const [layer] = layersIn(1, 2 << 20, "cut") as [Buffer];
    const blob = `a/b/blobs/${digestOf(layer)}`;
    const cut = Math.floor(layer.length * 0.9);
    const partial = join(home.store, "blobs/partial", digestOf(layer).slice("sha256:".length));
    const ranges = () =>
      registry.requests.filter(({ path }) => path === `/v2/${blob}`).map(({ headers }) => headers.range);

    /** Answers with the first 90 % and nothing more, until the pull is killed. */
    async function killAt90(below: Buffer[] = [], isReady = () => true): Promise<void> {
      registry.image("a/b", "1", [...below, layer]);
      let sent: (() => void) | undefined;
      registry.handler = (_request, response, url) => {
        if (url.pathname !== `/v2/${blob}`) return false;
        response.writeHead(200, { "content-length": layer.length });
        response.write(layer.subarray(0, cut));
        sent = () => response.destroy();
        return true;
      };
      const first = home.start([...insecure, name()]);
      const isCut = () => existsSync(partial) && statSync(partial).size === cut;
      await waitUntil(() => isCut() && isReady(), { what: "90 %" });
      for (const pid of home.processes()) if (pid === first.child.pid) process.kill(pid, "SIGKILL");
      await first.done;
      sent?.();
      registry.handler = () => false;
      registry.requests.length = 0;
    }

    test("goes on where a killed pull ended", async () => {
      await killAt90();
      await home.ok("volume", "ls");
      // Also of two that want it, one alone.
      for (const result of await Promise.all([pull(), pull()]))
        expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ranges()).toEqual([`bytes=${cut}-`]);
      expect(stored("blobs/partial")).toEqual([]);
    });

    test("has the layers that were complete", async () => {
      const [done] = layersIn(1, 1 << 20, "done") as [Buffer];
      await killAt90([done], () => stored("layers").length === 1);
      expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ranges()).toEqual([`bytes=${cut}-`]);
      expect(registry.count(`a/b/blobs/${digestOf(done)}`)).toBe(0);
      expect(stored("blobs/partial")).toEqual([]);
    });

    test("begins anew when what was there turns out to be spoilt", async () => {
      await killAt90();
      writeFileSync(partial, Buffer.alloc(cut));
      expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ranges()).toEqual([`bytes=${cut}-`, undefined]);
      expect(stored("blobs/partial")).toEqual([]);
    });

    test("begins anew where the registry knows no ranges", async () => {
      await killAt90();
      registry.handler = (request) => {
        delete request.headers.range;
        return false;
      };
      expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(stored("blobs/partial")).toEqual([]);
    });

    test("is all there already", async () => {
      await killAt90();
      writeFileSync(partial, layer);
      expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ranges()).toEqual([]);
    });
  });

  test("what is all there is asked for by its manifest alone, and what went missing comes again", async () => {
    registry.image("a/b", "1", layersIn(2, 1000, "again"));
    const { stdout: id } = await pull();
    registry.requests.length = 0;
    const again = await home.coracle(...insecure, name());
    expect(again.stdout).toBe(id);
    expect(again.stderr.match(/Copying blob sha256:\w+ skipped: already exists\n/g)).toHaveLength(2);
    const asked = registry.requests.map(({ path }) => path);
    expect(asked).toEqual(["/v2/", "/v2/a/b/manifests/1"]);
    const layer = stored("blobs/sha256").find(
      (hex) => registry.content.get(`a/b/blobs/sha256:${hex}`)?.data.length === 2560,
    );
    rmSync(join(home.store, "blobs/sha256", `${layer}`));
    expect(await pull()).toMatchObject({ exitCode: 0, stdout: id });
    expect(stored("blobs/sha256")).toContain(layer);
    expect(registry.count(`a/b/blobs/sha256:${layer}`)).toBe(1);
  });

  test("a registry that is busy says when to come again", async () => {
    registry.image("a/b", "1", layersIn(1, 10, "busy"));
    const asked: number[] = [];
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/manifests/")) return false;
      asked.push(Date.now());
      if (asked.length > 1) return false;
      response.setHeader("retry-after", "1");
      sendError(response, 429, "TOOMANYREQUESTS", "too many requests");
      return true;
    };
    expect(await pull("--retry-delay", "1ms")).toMatchObject({ exitCode: 0, stderr: "" });
    expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThan(900);
    asked.length = 0;
    expect((await pull("--retry", "0")).stderr).toContain("allows no more requests for now");
  });

  test("a registry that fails with every third request", async () => {
    registry.image("a/b", "1", layersIn(4, 1000, "third"));
    let count = 0;
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/v2/" || ++count % 3 !== 0) return false;
      sendError(response, 500, "UNKNOWN", "not now");
      return true;
    };
    expect(await pull("--retry", "5", "--retry-delay", "10ms")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(stored("layers")).toHaveLength(4);
  });

  test("a terabyte of nothing takes no room", async () => {
    const directory = join(home.directory, "tmp");
    await home.exec(["truncate", "-s", "1T", join(directory, "huge")]);
    await home.exec(["tar", "-C", directory, "-S", "-cf", join(directory, "huge.tar"), "huge"]);
    registry.image("a/b", "1", [readFileSync(join(directory, "huge.tar"))]);
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
    const [layer] = stored("layers");
    const { size, blocks } = statSync(join(home.store, "layers", `${layer}`, "diff/huge"));
    expect({ size, blocks }).toEqual({ size: 2 ** 40, blocks: 0 });
  });

  test("an image of whatever size is pulled with little memory", async (context) => {
    skipUnless(context, hasCgroup());
    // The layer alone is larger than what all processes together may use.
    const noise = randomBytes(1 << 20);
    const data = Buffer.concat(Array.from({ length: 160 }, () => noise));
    registry.image("a/b", "1", [tar([{ path: "noise", data }])]);
    const peaks = new Map<number, number>();
    const running = home.start([...insecure, "-q", `${registry.address}/a/b:1`]);
    const timer = setInterval(() => {
      for (const pid of home.processes()) peaks.set(pid, peakMemory(pid) ?? peaks.get(pid) ?? 0);
    }, 20);
    try {
      expect(await running.done).toMatchObject({ exitCode: 0, stderr: "" });
    } finally {
      clearInterval(timer);
    }
    expect(peaks.size).toBeGreaterThan(1);
    expect([...peaks.values()].reduce((sum, peak) => sum + peak, 0)).toBeLessThan(150_000);
  });

  test("one layer that fails ends the others", async () => {
    const [bad, slow] = layersIn(2, 100_000, "ends") as [Buffer, Buffer];
    registry.image("a/b", "1", [bad, slow]);
    registry.handler = (_request, response, url) => {
      if (url.pathname.endsWith(digestOf(bad))) {
        sendError(response, 404, "BLOB_UNKNOWN", "blob unknown");
        return true;
      }
      if (!url.pathname.endsWith(digestOf(slow))) return false;
      response.writeHead(200, { "content-length": slow.length });
      response.write(slow.subarray(0, 100));
      return true;
    };
    expect(await pull()).toMatchObject({ exitCode: 125, stderr: expect.stringContaining("blob unknown") });
  });

  test("tokens that expire on the way are fetched anew", async () => {
    registry.image("a/b", "1", layersIn(4, 1000, "expired"));
    let valid = 0;
    let answered = 0;
    registry.handler = (request, response, url) => {
      if (url.pathname === "/token") {
        response.end(JSON.stringify({ token: `t${valid}`, expires_in: 60 }));
        return true;
      }
      // After the manifest, and after a blob.
      if (request.headers.authorization === `Bearer t${valid}` && ++answered !== 2 && answered !== 5)
        return false;
      if (request.headers.authorization === `Bearer t${valid}`) valid++;
      const realm = `http://${registry.address}/token`;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",scope="repository:a/b:pull"` });
      response.end();
      return true;
    };
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(valid).toBe(2);
  });

  test("by a proxy, but not from this machine", async () => {
    const secure = await FakeRegistry.start({ tls: true });
    const proxy = await startTunnelProxy(secure.address);
    try {
      for (const each of [registry, secure]) each.image("a/b", "1", layersIn(1, 10, "proxy"));
      const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: "http://127.0.0.1:1" };
      for (const reference of ["r.example/a/b:1", name()]) {
        const result = await home.run([...insecure, "-q", reference], { env });
        expect(result).toMatchObject({ exitCode: 0, stderr: "" });
      }
      expect(proxy.tunnels.length).toBeGreaterThan(0);
      expect(new Set(proxy.tunnels.map((tunnel) => tunnel.split(" ")[0]))).toEqual(
        new Set(["r.example:443"]),
      );
    } finally {
      await proxy.stop();
      await secure.stop();
    }
  });

  test("a token is fetched when the registry wants one", async () => {
    registry.image("a/b", "1", layersIn(1, 10, "token"));
    registry.handler = (request, response, url) => {
      if (url.pathname === "/token") response.end('{"token":"t0ken"}');
      else if (request.headers.authorization === "Bearer t0ken") return false;
      else {
        const challenge = `Bearer realm="http://${registry.address}/token",service="s",scope="repository:a/b:pull"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      return true;
    };
    expect(await pull()).toMatchObject({ exitCode: 0, stderr: "" });
  });

  describe("what is wrong is told in one line, and nothing is kept", () => {
    const [layer] = layersIn(1, 1000, "bad") as [Buffer];
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
          registry.manifest(
            "a/b",
            "1",
            list([{ ...inner, platform: { os: "linux", architecture: goArch } }]),
          );
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
      // What an interrupted pull of another test has left for the next one.
      const partial = stored("blobs/partial");
      const result = await pull();
      expect(result).toMatchObject({ exitCode: 125, stdout: "" });
      expect(result.stderr).toMatch(/^Error: .*\n$/);
      expect(result.stderr).toMatch(message);
      expect(stored("layers")).toEqual([]);
      expect(stored("blobs/partial")).toEqual(partial);
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
});

describe("what can't be pulled", () => {
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
});
