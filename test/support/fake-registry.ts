/** A registry in this process that can misbehave: docker-registry knows no bad manners. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

export const digestOf = (data: Buffer | string) =>
  `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** Answers a request in its own way; false leaves it to the registry. */
export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export class FakeRegistry {
  readonly requests: { method: string; path: string; headers: IncomingMessage["headers"] }[] = [];
  /** By path below /v2/: `a/b/manifests/1`, `a/b/blobs/sha256:…`. */
  readonly content = new Map<string, { data: Buffer; type: string }>();
  handler: Handler = () => false;
  readonly #server: ReturnType<typeof createServer>;
  readonly #directory: string | undefined;

  private constructor(server: ReturnType<typeof createServer>, directory: string | undefined) {
    this.#server = server;
    this.#directory = directory;
    server.on("request", (request: IncomingMessage, response: ServerResponse) =>
      this.#answer(request, response),
    );
  }

  /** As it was when it started. */
  reset(): void {
    this.handler = () => false;
    this.content.clear();
    this.requests.length = 0;
  }

  /** On a free port, or at an address of 127.0.0.1. */
  static async start(options: { tls?: boolean; address?: string } = {}): Promise<FakeRegistry> {
    const directory = options.tls
      ? mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "tls-"))
      : undefined;
    const port = Number(options.address?.split(":")[1] ?? 0);
    const server = directory === undefined ? createServer() : createTlsServer(certificate(directory));
    return await new FakeRegistry(server, directory).listen(port);
  }

  /** One that answers only when it has been told to listen. */
  static idle(): FakeRegistry {
    return new FakeRegistry(createServer(), undefined);
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  /** host:port, as it stands in references. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** File with the certificate of one with TLS, which it has signed itself. */
  get certificate(): string {
    return join(this.#directory as string, "cert.pem");
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true });
  }

  blob(repository: string, data: Buffer | string): { digest: string; size: number } {
    const bytes = Buffer.from(data);
    const digest = digestOf(bytes);
    this.content.set(`${repository}/blobs/${digest}`, { data: bytes, type: "application/octet-stream" });
    return { digest, size: bytes.length };
  }

  manifest(
    repository: string,
    tag: string,
    value: object | string,
    type?: string,
  ): { digest: string; size: number } {
    const data = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
    const own = typeof value === "string" ? undefined : (value as { mediaType?: string }).mediaType;
    const entry = { data, type: type ?? own ?? "application/vnd.oci.image.manifest.v1+json" };
    this.content.set(`${repository}/manifests/${tag}`, entry);
    this.content.set(`${repository}/manifests/${digestOf(data)}`, entry);
    return { digest: digestOf(data), size: data.length };
  }

  /** An image of these layers (tars, stored as they are) under a tag. */
  image(
    repository: string,
    tag: string,
    layers: Buffer[],
    overrides: object = {},
  ): { digest: string; size: number } {
    const config = {
      os: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      config: { Cmd: ["sh"] },
      rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
    };
    return this.manifest(repository, tag, {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        ...this.blob(repository, JSON.stringify(config)),
      },
      layers: layers.map((data) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        ...this.blob(repository, data),
      })),
      ...overrides,
    });
  }

  /** How often a path below /v2/ was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === `/v2/${path}`).length;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    this.requests.push({ method: request.method ?? "", path: url.pathname, headers: request.headers });
    if (this.handler(request, response, url)) return;
    if (url.pathname === "/v2/") {
      response.end("{}");
      return;
    }
    const found = this.content.get(decodeURIComponent(url.pathname.slice("/v2/".length)));
    if (found) sendPart(request, response, found);
    else sendError(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
  }
}

/** A body, from where a Range header asks for it. */
function sendPart(
  request: IncomingMessage,
  response: ServerResponse,
  { data, type }: { data: Buffer; type: string },
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { "content-type": type, "content-length": data.length - from });
  response.end(data.subarray(from));
}

export interface TunnelProxy {
  url: string;
  /** What each tunnel was asked for: `host:port` and the Proxy-Authorization. */
  tunnels: string[];
  stop(): Promise<void>;
}

/** A proxy whose tunnels all end at one registry, whatever host they are for. */
export async function startTunnelProxy(registry: string): Promise<TunnelProxy> {
  const tunnels: string[] = [];
  const open = new Set<Duplex>();
  const server = createServer((_request, response) => response.writeHead(501).end());
  server.on("connect", (request, client) => {
    tunnels.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`);
    const [host, port] = registry.split(":") as [string, string];
    const target = connect(Number(port), host, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, target]) open.add(socket.on("error", () => {}));
    target.pipe(client).pipe(target);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://me:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    async stop() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function certificate(directory: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const request = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync("openssl", [...request, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
