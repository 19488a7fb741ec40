/** A real registry (docker-registry) on a free loopback port, over plain HTTP. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Running, waitUntil } from "./process.ts";

/** What `auth: true` asks for. */
export const CREDENTIALS = { username: "tester", password: "secret" };
const HTPASSWD = `${CREDENTIALS.username}:$2b$04$GhNsicakYY7TyNQSbq3ZN.Riqh/nTjB7MM1Y2c/dhDHhYZyAvNl9K\n`;

export interface TestRegistry {
  /** host:port, as it stands in references. */
  address: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export async function startRegistry(options: { auth?: boolean } = {}): Promise<TestRegistry> {
  const directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: { addr: address },
    ...(options.auth && { auth: { htpasswd: { realm: "test", path: join(directory, "htpasswd") } } }),
  };
  writeFileSync(join(directory, "htpasswd"), HTPASSWD);
  // YAML takes JSON.
  writeFileSync(join(directory, "config.yml"), JSON.stringify(config));
  const server = new Running(["docker-registry", "serve", join(directory, "config.yml")], {
    timeout: 2 ** 31 - 1,
  });
  const answers = () =>
    fetch(`http://${address}/v2/`).then(
      () => true,
      () => false,
    );
  await waitUntil(async () => server.child.exitCode !== null || (await answers()), {
    what: "docker-registry",
  });
  if (server.child.exitCode !== null) throw new Error(`docker-registry ended: ${server.stderr}`);
  return {
    address,
    async stop() {
      server.child.kill("SIGKILL");
      await server.done;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
