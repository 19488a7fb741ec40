import { afterEach, describe, expect, test } from "vitest";
import { completeReference, parseReference } from "../../src/oci/reference.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import { digestOf, FakeRegistry, sendError, startTunnelProxy } from "../support/fake-registry.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const registries: FakeRegistry[] = [];

async function start(options: { tls?: boolean } = {}): Promise<FakeRegistry> {
  const registry = await FakeRegistry.start(options);
  registries.push(registry);
  return registry;
}

afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.stop();
});

function clientOf(address: string, tlsVerify = false): RegistryClient {
  return new RegistryClient(completeReference(parseReference(`${address}/a/b:1`)), { tlsVerify });
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("manifests", () => {
  test("by tag and by digest, with their media type", async () => {
    const registry = await start();
    const { digest } = registry.image("a/b", "1", []);
    const byTag = await clientOf(registry.address).manifest("1");
    expect(byTag).toMatchObject({ digest, mediaType: "application/vnd.oci.image.manifest.v1+json" });
    expect((await clientOf(registry.address).manifest(digest)).bytes).toEqual(byTag.bytes);
    expect(registry.requests.at(-1)?.headers.accept).toContain(
      "application/vnd.docker.distribution.manifest.list.v2+json",
    );
  });

  test("other content than the digest asked for is refused", async () => {
    const registry = await start();
    const wanted = digestOf("x");
    registry.content.set(`a/b/manifests/${wanted}`, { data: Buffer.from("{}"), type: "x/y" });
    await expect(clientOf(registry.address).manifest(wanted)).rejects.toMatchObject({
      code: "digest-mismatch",
    });
  });

  test("one of another size than announced is refused", async () => {
    const registry = await start();
    const { digest, size } = registry.image("a/b", "1", []);
    await expect(clientOf(registry.address).manifest(digest, size + 1)).rejects.toMatchObject({
      code: "size-mismatch",
    });
  });

  test("an endless one is refused", async () => {
    const registry = await start();
    registry.manifest("a/b", "1", "x".repeat(5 << 20));
    await expect(clientOf(registry.address).manifest("1")).rejects.toMatchObject({ code: "too-large" });
  });
});

describe("answers that are errors", () => {
  test.each([
    [404, "manifest-unknown", "reading manifest 1 in ADDRESS/a/b: code: it says so"],
    [401, "unauthorized", "reading manifest 1 in ADDRESS/a/b: code: it says so"],
    [403, "unauthorized", "reading manifest 1 in ADDRESS/a/b: code: it says so"],
    [
      429,
      "rate-limited",
      "reading manifest 1 in ADDRESS/a/b: registry ADDRESS allows no more requests for now: code: it says so",
    ],
    [
      400,
      "registry-failed",
      "reading manifest 1 in ADDRESS/a/b: registry ADDRESS answered 400: code: it says so",
    ],
  ])("%i", async (status, code, message) => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/v2/") return false;
      sendError(response, status, "CODE", "it says so");
      return true;
    };
    await expect(clientOf(registry.address).manifest("1")).rejects.toMatchObject({
      code,
      message: message.replaceAll("ADDRESS", registry.address),
    });
  });

  test("control characters don't reach the terminal", async () => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/v2/") return false;
      sendError(response, 404, "X", "\u001b[2Jgone\nnext");
      return true;
    };
    await expect(clientOf(registry.address).manifest("1")).rejects.toThrow("?[2Jgone?next");
  });

  test("a server error is tried again", async () => {
    const registry = await start();
    const { digest } = registry.image("a/b", "1", []);
    let failures = 2;
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/v2/" || failures-- <= 0) return false;
      sendError(response, 503, "UNAVAILABLE", "later");
      return true;
    };
    expect((await clientOf(registry.address).manifest("1")).digest).toBe(digest);
  });

  test("nobody at that address", async () => {
    const registry = await start();
    const { address } = registry;
    await registries.pop()?.stop();
    await expect(clientOf(address).manifest("1")).rejects.toMatchObject({
      code: "registry-unreachable",
      message: `pinging container registry ${address}: Get "https://${address}/v2/": connect: connection refused`,
    });
  });
});

describe("tokens", () => {
  async function startWithTokens(): Promise<FakeRegistry> {
    const registry = await start();
    registry.handler = (request, response, url) => {
      if (url.pathname === "/token") {
        response.end(
          JSON.stringify({
            token: `for-${url.searchParams.get("scope")}-${url.searchParams.get("service")}`,
          }),
        );
        return true;
      }
      if (request.headers.authorization === "Bearer for-repository:a/b:pull-it") return false;
      const realm = `http://${registry.address}/token`;
      const challenge = `Bearer realm="${realm}",service="it",scope="repository:a/b:pull"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return true;
    };
    return registry;
  }

  test("one is fetched when asked for, and kept", async () => {
    const registry = await startWithTokens();
    registry.image("a/b", "1", [Buffer.from("layer")]);
    const client = clientOf(registry.address);
    await client.manifest("1");
    await readAll(await client.blob({ mediaType: "x/y", digest: digestOf("layer"), size: 5 }));
    expect(registry.requests.filter(({ path }) => path === "/token")).toHaveLength(1);
  });

  test("one that doesn't help is an error, not a loop", async () => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/token") response.end('{"access_token":"useless"}');
      else {
        const challenge = `Bearer realm="http://${registry.address}/token"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      return true;
    };
    await expect(clientOf(registry.address).manifest("1")).rejects.toThrow(/authentication required/);
  });

  test.each(["{}", "not json", '{"token":"a b"}', '{"token":5}'])("%s holds none", async (body) => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (url.pathname === "/token") response.end(body);
      else
        response
          .writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.address}/token"` })
          .end();
      return true;
    };
    await expect(clientOf(registry.address).manifest("1")).rejects.toThrow(/no usable token/);
  });

  test("the token is not sent to where the registry redirects", async () => {
    const registry = await startWithTokens();
    const storage = await start();
    const { digest, size } = storage.blob("s", "layer");
    registry.blob("a/b", "layer");
    const inner = registry.handler;
    registry.handler = (request, response, url) => {
      if (inner(request, response, url)) return true;
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(307, { location: `http://${storage.address}/v2/s/blobs/${digest}` }).end();
      return true;
    };
    const stream = await clientOf(registry.address).blob({ mediaType: "x/y", digest, size });
    expect((await readAll(stream)).toString()).toBe("layer");
    expect(storage.requests).toHaveLength(1);
    expect(storage.requests[0]?.headers.authorization).toBeUndefined();
  });
});

test.each([
  ["a name and a password", () => "Basic"],
  ["a token", (storage: string) => `Bearer realm="http://${storage}/token"`],
])(
  "where the registry redirects nobody is given what logs in, though it asks for %s",
  async (_, challenge) => {
    const registry = await start();
    const storage = await start();
    registry.handler = (_request, response) => {
      response.writeHead(307, { location: `http://${storage.address}/elsewhere` }).end();
      return true;
    };
    storage.handler = (_request, response, url) => {
      if (url.pathname === "/token") response.end('{"token":"t"}');
      else response.writeHead(401, { "www-authenticate": challenge(storage.address) }).end();
      return true;
    };
    const reference = completeReference(parseReference(`${registry.address}/a/b:1`));
    const credentials = { username: "me", password: "secret" };
    const client = new RegistryClient(reference, { tlsVerify: false, credentials });
    await expect(client.manifest("1")).rejects.toMatchObject({ code: "unauthorized" });
    expect(storage.requests.map(({ path }) => path)).toEqual(["/elsewhere"]);
    for (const { headers } of [...storage.requests, ...registry.requests])
      expect(headers.authorization).toBeUndefined();
  },
);

describe("TLS", () => {
  test("an unknown certificate is refused, unless told not to look", async (context) => {
    skipUnless(context, hasProgram("openssl"));
    const registry = await start({ tls: true });
    registry.image("a/b", "1", []);
    await expect(clientOf(registry.address, true).manifest("1")).rejects.toMatchObject({
      code: "tls-failed",
    });
    await clientOf(registry.address, false).manifest("1");
  });

  test("plain HTTP is refused unless allowed", async () => {
    const registry = await start();
    registry.image("a/b", "1", []);
    await expect(clientOf(registry.address, true).manifest("1")).rejects.toMatchObject({
      code: "tls-failed",
    });
    expect(registry.requests).toEqual([]);
  });
});

test("by a proxy, plainly and through a tunnel, but not to this machine", async () => {
  const [plain, secure] = [await start(), await start({ tls: true })];
  for (const registry of [plain, secure]) registry.image("a/b", "1", []);
  const proxy = await startTunnelProxy(secure.address);
  const before = { ...process.env };
  Object.assign(process.env, { HTTPS_PROXY: proxy.url, HTTP_PROXY: `http://${plain.address}` });
  try {
    await clientOf("r.example").manifest("1");
    await clientOf(plain.address).manifest("1");
    expect(new Set(proxy.tunnels)).toEqual(
      new Set([`r.example:443 Basic ${Buffer.from("me:secret").toString("base64")}`]),
    );
    await proxy.stop();
    await clientOf("r.example").manifest("1");
    expect(plain.requests.map(({ headers }) => headers.host)).toContain("r.example");
  } finally {
    process.env = before;
    await proxy.stop().catch(() => {});
  }
});

describe("blobs", () => {
  const data = Buffer.alloc(3 << 20, "0123456789");
  const descriptor = { mediaType: "x/y", digest: digestOf(data), size: data.length };

  test.each([
    ["resumed where the registry can", true],
    ["begun anew where it can't", false],
  ])("a lost connection: %s", async (_name, ranges) => {
    const registry = await start();
    registry.blob("a/b", data);
    let breaks = 2;
    registry.handler = (request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      const from = ranges ? Number(/(\d+)/.exec(request.headers.range ?? "0")?.[1]) : 0;
      response.writeHead(from > 0 ? 206 : 200, { "content-length": data.length - from });
      if (breaks-- <= 0) response.end(data.subarray(from));
      else
        response.write(data.subarray(from, from + (1 << 20)), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    expect((await readAll(await clientOf(registry.address).blob(descriptor))).equals(data)).toBe(true);
    const ranged = registry.requests.filter(({ headers }) => headers.range !== undefined);
    expect(ranged).toHaveLength(2);
  });

  test("a connection that falls silent counts as lost", async () => {
    const registry = await start();
    registry.blob("a/b", data);
    let silent = true;
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/") || !silent) return false;
      silent = false;
      response.writeHead(200, { "content-length": data.length });
      response.write(data.subarray(0, 1000));
      return true;
    };
    const reference = completeReference(parseReference(`${registry.address}/a/b:1`));
    const client = new RegistryClient(reference, { tlsVerify: false, idleTimeout: 0.2 });
    expect((await readAll(await client.blob(descriptor))).equals(data)).toBe(true);
  });

  test("one that comes a byte at a time is given up", { timeout: 20_000 }, async () => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": 1000 });
      const timer = setInterval(() => response.write("x"), 50);
      response.once("close", () => clearInterval(timer));
      return true;
    };
    const reference = completeReference(parseReference(`${registry.address}/a/b:1`));
    const client = new RegistryClient(reference, { tlsVerify: false, idleTimeout: 0.3, attempts: 1 });
    const stalled = { code: "registry-unreachable", message: expect.stringContaining("stalled") };
    await expect(client.smallBlob({ ...descriptor, size: 1000 }, 1000)).rejects.toMatchObject(stalled);
    await expect(client.blob(descriptor).then(readAll)).rejects.toMatchObject(stalled);
  });

  test("one that never comes through is given up", { timeout: 60_000 }, async () => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(200, { "content-length": data.length });
      response.write("x", () => response.destroy());
      return true;
    };
    const stream = await clientOf(registry.address).blob(descriptor);
    await expect(readAll(stream)).rejects.toMatchObject({ code: "registry-unreachable" });
  });

  test("small ones are verified", async () => {
    const registry = await start();
    registry.content.set(`a/b/blobs/${descriptor.digest}`, { data: Buffer.from("other"), type: "x/y" });
    const wanted = { ...descriptor, size: 5 };
    await expect(clientOf(registry.address).smallBlob(wanted, 100)).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    await expect(clientOf(registry.address).smallBlob({ ...wanted, size: 6 }, 100)).rejects.toMatchObject({
      code: "size-mismatch",
    });
  });

  test.each(["file:///etc/passwd", "data:,x", "ftp://127.0.0.1/x"])(
    "a redirect to %s is refused, also without TLS",
    async (location) => {
      const registry = await start();
      registry.handler = (_request, response, url) => {
        if (!url.pathname.includes("/blobs/")) return false;
        response.writeHead(302, { location }).end();
        return true;
      };
      await expect(clientOf(registry.address).blob(descriptor)).rejects.toMatchObject({
        code: "insecure-redirect",
      });
    },
  );

  test("redirects that never end are refused", async () => {
    const registry = await start();
    registry.handler = (_request, response, url) => {
      if (!url.pathname.includes("/blobs/")) return false;
      response.writeHead(302, { location: url.pathname }).end();
      return true;
    };
    await expect(clientOf(registry.address).blob(descriptor)).rejects.toThrow(/too many redirects/);
  });
});
