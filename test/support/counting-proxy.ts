/** Stands before a registry and counts what is asked of it. */
import { createServer, request } from "node:http";

export interface CountingProxy {
  /** host:port, as it stands in references. */
  address: string;
  /** How often each `METHOD path` was asked for. */
  counts: Map<string, number>;
  stop(): Promise<void>;
}

export async function startCountingProxy(registry: string): Promise<CountingProxy> {
  const [host, port] = registry.split(":");
  const counts = new Map<string, number>();
  const server = createServer((incoming, answer) => {
    const key = `${incoming.method} ${incoming.url}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const { method, url: path, headers } = incoming;
    const forwarded = request({ host, port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    forwarded.on("error", () => answer.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    address: `127.0.0.1:${address.port}`,
    counts,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
