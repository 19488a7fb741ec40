import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tar } from "../../bin/oci-archive.ts";
import { digestOf, FakeRegistry, sendError, startTunnelProxy } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { waitUntil } from "../support/process.ts";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";
import { useFakeRegistry } from "../support/use-fake-registry.ts";

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

afterEach(() => home.expectNoImagesStay());

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
  const registry = useFakeRegistry();

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
});
