import { createConnection, createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAlive, killNow, waitUntil } from "../../support/process.ts";
import { hasDevice, hasProgram, skipUnless } from "../../support/requirements.ts";
import { Workshop } from "./support.ts";

let workshop: Workshop;
beforeAll(async () => {
  workshop = await new Workshop().ready();
});
afterAll(() => workshop.cleanUp());

const requirements = () => [hasProgram("slirp4netns"), hasDevice("/dev/net/tun")];

function slirp(ports: Record<string, unknown>[] = []) {
  const args = ["--disable-host-loopback", "--mtu=65520", "--enable-sandbox", "--enable-seccomp", "-c"];
  return { network: { mode: "slirp4netns", program: "/usr/bin/slirp4netns", args, ports } };
}

function port(hostPort: number, containerPort: number) {
  return { hostIp: "127.0.0.1", hostPort, containerPort, protocol: "tcp" };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("the network is there before the container starts", async (context) => {
  skipUnless(context, ...requirements());
  const relay = await workshop.bundle({ args: ["cat", "/proc/net/dev"], monitor: slirp() }).output();
  expect(relay.stdout.toString()).toContain("tap0");
});

test("a published port leads into the container, and slirp4netns ends with it", async (context) => {
  skipUnless(context, ...requirements());
  const host = await freePort();
  const args = ["sh", "-c", "echo hello | nc -l -p 8080; sleep 100"];
  const bundle = workshop.bundle({ args, monitor: slirp([port(host, 8080)]) });
  await bundle.background();
  const [helper] = bundle.status.helpers;
  expect(isAlive(helper?.pid as number)).toBe(true);
  let text = "";
  await waitUntil(async () => {
    const socket = createConnection(host, "127.0.0.1");
    socket
      .on("error", () => {})
      .on("data", (data) => {
        text += data;
      });
    await new Promise((resolve) => socket.on("close", resolve));
    return text !== "";
  });
  expect(text).toBe("hello\n");
  await (await bundle.client()).stop(0);
  expect(isAlive(helper?.pid as number)).toBe(false);
});

test("it ends with a monitor that is killed", async (context) => {
  skipUnless(context, ...requirements());
  const bundle = workshop.bundle({ args: ["sleep", "100"], monitor: slirp() });
  await bundle.background();
  const { helpers, monitor, init } = bundle.status;
  process.kill(monitor.pid, "SIGKILL");
  await waitUntil(() => !isAlive(helpers[0]?.pid as number));
  await killNow(init?.pid as number);
});

test("a port in use is named", async (context) => {
  skipUnless(context, ...requirements());
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: taken } = server.address() as { port: number };
  const bundle = workshop.bundle({ args: ["true"], monitor: slirp([port(taken, 80)]) });
  const relay = await bundle.output();
  server.close();
  expect(await relay.exit).toBe(125);
  expect(relay.events).toMatchObject([
    { event: "error", code: "port-in-use", message: expect.stringContaining(`:${taken}`) },
  ]);
  expect(bundle.status).toMatchObject({ status: "exited", helpers: [], error: { code: "port-in-use" } });
});

test("slirp4netns's own failure is told with its words", async (context) => {
  skipUnless(context, ...requirements());
  const network = { ...slirp().network, args: ["--mtu=1"] };
  const relay = await workshop.bundle({ args: ["true"], monitor: { network } }).output();
  expect(relay.events).toMatchObject([
    { event: "error", code: "network-failed", message: expect.stringMatching(/mtu/i) },
  ]);
});
