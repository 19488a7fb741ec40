/** Networks of single containers, published ports, and the files that name hosts. */

import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { killNow, waitUntil } from "../support/process.ts";
import { hasDevice, hasHostAddress, hasProgram, hostAddress, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const run = (...args: string[]) => home.coracle("run", "--rm", ...args);
const slirp = () => [hasProgram("slirp4netns"), hasDevice("/dev/net/tun")];

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.end("from host\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether a connection is made: what doesn't fit into the queue never is. */
function connected(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => end(true)).on("error", () => end(false));
    socket.setTimeout(10_000, () => end(false));
  });
}

const fetchText = (url: string) =>
  fetch(url).then(
    (answer) => answer.text(),
    () => "",
  );

const monitorOf = async (name: string) =>
  Number(await home.ok("inspect", "-f", "{{.State.ConmonPid}}", name));

/** The helper of a container's monitor, 0 for none. */
async function helper(container: string, name: string): Promise<number> {
  const monitor = await monitorOf(container);
  const children = readFileSync(`/proc/${monitor}/task/${monitor}/children`, "utf8").trim().split(" ");
  const isIt = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(name);
    } catch {
      return false;
    }
  };
  return Number(children.find(isIt) ?? 0);
}

/** pasta needs an interface with a default route. */
const pasta = () => [hasProgram("pasta"), hasDevice("/dev/net/tun"), hasHostAddress()];
const needs = (network: string) => (network === "pasta" ? pasta() : slirp());

afterEach(() => home.coracle("rm", "-a", "-f", "-t", "0"));

describe("--network", () => {
  test("none: loopback alone", async () => {
    expect((await run("--network", "none", "bb", "ls", "/sys/class/net")).stdout).toBe("lo\n");
    expect((await run("--network", "none", "bb", "ip", "addr", "show", "lo")).stdout).toMatch(
      /LOOPBACK,UP[\s\S]*127\.0\.0\.1/,
    );
  });

  test("host: the host's interfaces and ports", async () => {
    const { server, port } = await listen();
    expect((await run("--network", "host", "bb", "nc", "127.0.0.1", `${port}`)).stdout).toBe("from host\n");
    const names = Object.keys(networkInterfaces());
    expect((await run("--network", "host", "bb", "ls", "/sys/class/net")).stdout.split("\n")).toEqual(
      expect.arrayContaining(names),
    );
    server.close();
  });

  test("by default slirp4netns, private to the container", async (context) => {
    skipUnless(context, ...slirp());
    const { server, port } = await listen();
    const { stdout } = await run(
      "bb",
      "sh",
      "-c",
      `ip -4 addr show tap0; ip route; nc -w 1 127.0.0.1 ${port} || echo refused`,
    );
    expect(stdout).toMatch(/inet 10\.0\.2\.100\/24/);
    expect(stdout).toMatch(/default via 10\.0\.2\.2 dev tap0/);
    expect(stdout).toMatch(/refused\n$/);
    server.close();
  });

  test("slirp4netns options: cidr, host loopback", async (context) => {
    skipUnless(context, ...slirp());
    const { server, port } = await listen();
    const options = "slirp4netns:allow_host_loopback=true,cidr=10.7.0.0/24";
    const { stdout } = await run(
      "--network",
      options,
      "bb",
      "sh",
      "-c",
      `ip -4 addr show tap0; nc -w 5 10.7.0.2 ${port}; cat /etc/resolv.conf`,
    );
    expect(stdout).toMatch(/inet 10\.7\.0\.100\/24/);
    expect(stdout).toContain("from host\n");
    expect(stdout).toContain("nameserver 10.7.0.3\n");
    server.close();
  });

  test.each(["container:nosuch", "slirp4netns:nosuch=1"])("%s is refused", async (network) => {
    const result = await run("--network", network, "bb", "true");
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*nosuch.*\n$/);
  });
});

describe("published ports", () => {
  test("answer on the host, and are told by port, ps and inspect", async (context) => {
    skipUnless(context, ...slirp());
    const port = await freePort();
    await home.ok(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      `127.0.0.1:${port}:80`,
      "bb",
      "sh",
      "-c",
      "echo hello >/tmp/index.html; httpd -f -p 80 -h /tmp",
    );
    await waitUntil(async () => (await fetchText(`http://127.0.0.1:${port}/`)) === "hello\n", {
      what: "the answer",
    });
    expect(await home.ok("port", "web")).toBe(`80/tcp -> 127.0.0.1:${port}`);
    expect(await home.ok("port", "web", "80")).toBe(`127.0.0.1:${port}`);
    expect((await home.coracle("port", "web", "81")).exitCode).toBe(125);
    expect(await home.ok("ps", "--format", "{{.Ports}}")).toBe(`127.0.0.1:${port}->80/tcp`);
    expect(await home.ok("inspect", "-f", "{{json .NetworkSettings.Ports}}", "web")).toContain(
      `"HostPort":"${port}"`,
    );

    const second = await run("--name", "second", "-p", `127.0.0.1:${port}:80`, "bb", "true");
    expect(second).toMatchObject({ exitCode: 126, stdout: "" });
    expect(second.stderr).toMatch(new RegExp(`^Error: .*${port}.*in use.*\n$`));
    expect(second.stderr).toContain("web");
    expect(await home.ok("ps", "-a", "--format", "{{.Names}}")).toBe("web");

    await home.ok("restart", "-t", "0", "web");
    await waitUntil(async () => (await fetchText(`http://127.0.0.1:${port}/`)) === "hello\n", {
      what: "the answer",
    });
    await home.ok("rm", "-f", "-t", "0", "web");
    expect(await fetchText(`http://127.0.0.1:${port}/`)).toBe("");
  });

  test("that another program has name the port", async (context) => {
    skipUnless(context, ...slirp());
    const { server, port } = await listen();
    const result = await run("-p", `127.0.0.1:${port}:80`, "bb", "true");
    expect(result).toMatchObject({ exitCode: 126, stdout: "" });
    // Though the process that has it is not in our user namespace.
    const holder = `process ${process.pid} \\(.+\\) has port ${port} `;
    expect(result.stderr).toMatch(new RegExp(`^Error: .*${port}.*in use.*${holder}.*\n$`));
    expect(await home.ok("ps", "-aq")).toBe("");
    server.close();
  });

  test("below the first unprivileged one say what to do", async (context) => {
    skipUnless(context, ...slirp());
    const first = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
    skipUnless(context, first > 81 ? undefined : "here everybody may have these ports");
    const result = await run("-p", "127.0.0.1:81:80", "bb", "true");
    expect(result).toMatchObject({ exitCode: 126, stdout: "" });
    expect(result.stderr).toMatch(/^Error: .*81.*ip_unprivileged_port_start.*\n$/);
  });

  test("of the kernel's choice, of a range, and udp", async (context) => {
    skipUnless(context, ...slirp());
    await home.ok(
      "run",
      "-d",
      "--name",
      "many",
      "-p",
      "127.0.0.1::80",
      "-p",
      "127.0.0.1::53/udp",
      "bb",
      "sh",
      "-c",
      "nc -ll -p 80 -e echo hi",
    );
    const [udp, tcp] = (await home.ok("port", "many")).split("\n").sort();
    expect(udp).toMatch(/^53\/udp -> 127\.0\.0\.1:\d+$/);
    expect(tcp).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
    const answer = () => home.exec(["busybox", "nc", "-w", "2", "127.0.0.1", tcp?.split(":")[1] ?? ""]);
    await waitUntil(async () => (await answer()).stdout === "hi\n", { what: "the answer" });
    await home.ok("rm", "-f", "-t", "0", "many");
    await home.ok("create", "--name", "range", "-p", "127.0.0.1:20010-20012:10-12", "bb");
    expect(await home.ok("ps", "-a", "--format", "{{.Ports}}")).toBe("127.0.0.1:20010-20012->10-12/tcp");
    await home.ok("rm", "range");
  });

  test("make clients that come together wait, not fail", async (context) => {
    skipUnless(context, ...slirp());
    const port = await freePort();
    await home.ok("run", "-d", "--name", "busy", "-p", `127.0.0.1:${port}:80`, "bb", "sleep", "60");
    const forwarder = await helper("busy", "coracle-ports");
    expect(forwarder).toBeGreaterThan(0);
    process.kill(forwarder, "SIGSTOP"); // what connects now is what fits into the queue
    const clients = await Promise.all(Array.from({ length: 20 }, () => connected(port)));
    expect(clients).not.toContain(false);
    await home.ok("rm", "-f", "-t", "0", "busy");
  });

  test.for([
    ["slirp4netns:port_handler=slirp4netns", "10.0.2.2"],
    ["slirp4netns", "10.0.2.100"],
  ] as const)("with --network %s show the container %s as the client", async ([network, client], context) => {
    skipUnless(context, ...slirp());
    const port = await freePort();
    const script = "nc -l -p 80 -e sh -c 'netstat -tn | grep :80'; sleep 100";
    await home.ok(
      ...["run", "-d", "--name", "who", "--network", network, "-p", `127.0.0.1:${port}:80`],
      ...["bb", "sh", "-c", script],
    );
    const answer = () => home.exec(["busybox", "nc", "-w", "2", "127.0.0.1", `${port}`]);
    let said = "";
    await waitUntil(async () => {
      said = (await answer()).stdout;
      return said !== "";
    });
    expect(said).toMatch(new RegExp(`:80\\s+(?:::ffff:)?${client.replaceAll(".", "\\.")}:`));
    await home.ok("rm", "-f", "-t", "0", "who");
  });

  test("IPv6 and a large answer come through", async (context) => {
    skipUnless(context, ...slirp());
    const port = await freePort();
    const size = 20_000_000;
    await home.ok(
      ...["run", "-d", "--name", "large", "-p", `${port}:80`, "bb", "sh", "-c"],
      `head -c ${size} /dev/zero >/tmp/big; httpd -f -p 80 -h /tmp`,
    );
    const big = (host: string) =>
      fetch(`http://${host}:${port}/big`).then(
        async (answer) => (await answer.arrayBuffer()).byteLength,
        () => 0,
      );
    await waitUntil(async () => (await big("127.0.0.1")) === size, { what: "the whole answer" });
    const addresses = Object.values(networkInterfaces()).flat();
    if (addresses.some((one) => one?.address === "::1")) expect(await big("[::1]")).toBe(size);
  });

  test("datagrams come through, both ways", async (context) => {
    skipUnless(context, ...slirp(), hasProgram("python3"));
    const port = await freePort();
    const echo = [
      "import socket",
      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
      's.bind(("0.0.0.0", 53))',
      "while True:",
      "  data, client = s.recvfrom(65536)",
      "  s.sendto(data, client)",
    ].join("\n");
    await home.ok(
      ...["run", "-d", "--name", "echo", "-p", `127.0.0.1:${port}:53/udp`],
      ...["/usr", "/lib", "/lib64"].flatMap((path) => ["-v", `${path}:${path}:ro`]),
      ...["bb", "/usr/bin/python3", "-c", echo],
    );
    const client = createSocket("udp4");
    const answers = new Set<string>();
    client.on("message", (message) => answers.add(`${message}`));
    await waitUntil(
      () => {
        for (const text of ["one", "two"]) client.send(text, port, "127.0.0.1");
        return answers.size === 2;
      },
      { what: "the answers" },
    );
    client.close();
    await home.ok("rm", "-f", "-t", "0", "echo");
  });

  test("with --network none or host publish nothing", async () => {
    expect((await run("--network", "none", "-p", "8080:80", "bb", "true")).exitCode).toBe(0);
  });
});

describe("pasta", () => {
  test("gives the container the host's address and publishes its ports", async (context) => {
    skipUnless(context, ...pasta());
    const port = await freePort();
    await home.ok(
      ...[
        "run",
        "-d",
        "--name",
        "pasta",
        "--network",
        "pasta",
        "-p",
        `127.0.0.1:${port}:80`,
        "bb",
        "sh",
        "-c",
      ],
      "cat /etc/resolv.conf >/tmp/index.html; ip addr >>/tmp/index.html; httpd -f -p 80 -h /tmp",
    );
    let text = "";
    await waitUntil(async () => {
      text = await fetchText(`http://127.0.0.1:${port}/`);
      return text !== "";
    });
    expect(text).toContain("nameserver 169.254.1.1\n");
    expect(text).toContain(`inet ${hostAddress()}/`);
    expect(await home.ok("ps", "--format", "{{.Ports}}")).toBe(`127.0.0.1:${port}->80/tcp`);

    const second = await run("--network", "pasta", "-p", `127.0.0.1:${port}:80`, "bb", "true");
    expect(second).toMatchObject({ exitCode: 126 });
    expect(second.stderr).toMatch(/^Error: .*Failed to bind.*container pasta publishes port/);
    await home.ok("rm", "-f", "-t", "0", "pasta");
  });

  test("options are its own", async (context) => {
    skipUnless(context, ...pasta());
    const { stdout } = await run("--network", "pasta:-I,lan0,-m,1400", "bb", "ip", "link");
    expect(stdout).toContain("lan0: ");
    const bad = await run("--network", "pasta:--nosuch", "bb", "true");
    expect(bad).toMatchObject({ exitCode: 126, stdout: "" });
    expect(bad.stderr).toMatch(/^Error: \S+pasta failed: \S+pasta: unrecognized option '--nosuch'; .*\n$/);
  });
});

describe("after kill -9", () => {
  test.for([
    ["slirp4netns", "slirp4netns"],
    ["slirp4netns", "coracle-ports"],
    ["pasta", "passt"],
  ] as const)("--network %s: %s is started anew", async ([network, name], context) => {
    skipUnless(context, ...needs(network));
    const port = await freePort();
    await home.ok(
      ...["run", "-d", "--name", "web", "--network", network, "-p", `127.0.0.1:${port}:80`, "bb", "sh", "-c"],
      "echo hello >/tmp/index.html; httpd -f -p 80 -h /tmp",
    );
    const answers = async () => (await fetchText(`http://127.0.0.1:${port}/`)) === "hello\n";
    await waitUntil(answers, { what: "the answer" });
    const pid = await helper("web", name);
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, "SIGKILL");
    await waitUntil(async () => (await helper("web", name)) > 0 && (await helper("web", name)) !== pid, {
      what: "another one",
    });
    await waitUntil(answers, { what: "the answer" });
    await home.ok("rm", "-f", "-t", "0", "web");
  });

  test.for(["slirp4netns", "pasta"])(
    "--network %s: a killed monitor leaves nothing",
    async (network, context) => {
      skipUnless(context, ...needs(network));
      const port = await freePort();
      await home.ok(
        ...[
          "run",
          "-d",
          "--name",
          "web",
          "--network",
          network,
          "-p",
          `127.0.0.1:${port}:80`,
          "bb",
          "sleep",
          "100",
        ],
      );
      await killNow(await monitorOf("web"));
      await home.ok("rm", "-f", "web");
      await home.expectNothingLeft();
      await home.ok("run", "--rm", "--network", network, "-p", `127.0.0.1:${port}:80`, "bb", "true");
    },
  );
});

describe("names", () => {
  test("/etc/hosts has the container, the host and what is added", async () => {
    const { stdout } = await run(
      "--network",
      "none",
      "--name",
      "named",
      "--hostname",
      "box",
      "--add-host",
      "other:192.0.2.7",
      "bb",
      "cat",
      "/etc/hosts",
    );
    expect(stdout).toMatch(/^127\.0\.0\.1\s.*localhost/m);
    expect(stdout).toMatch(/^192\.0\.2\.7\s+other$/m);
    expect(stdout).toMatch(/^\S+\s+box named$/m);
    expect(await run("--no-hosts", "bb", "cat", "/etc/hosts")).toMatchObject({ exitCode: 1 });
    expect(await run("--add-host", "nonsense", "bb", "true")).toMatchObject({ exitCode: 125 });
  });

  test("/etc/resolv.conf has slirp4netns' resolver, or what is asked for", async (context) => {
    skipUnless(context, ...slirp());
    expect((await run("bb", "cat", "/etc/resolv.conf")).stdout).toMatch(/^nameserver 10\.0\.2\.3$/m);
    const { stdout } = await run(
      "--dns",
      "192.0.2.53",
      "--dns-search",
      "example.org",
      "--dns-option",
      "ndots:3",
      "bb",
      "cat",
      "/etc/resolv.conf",
    );
    expect(stdout).toMatch(/^search example\.org$/m);
    expect(stdout).toMatch(/^nameserver 192\.0\.2\.53$/m);
    expect(stdout).toMatch(/^options ndots:3$/m);
  });

  test("both can be written by the container, and mounts of the user go over them", async () => {
    expect(
      (await run("--network", "none", "bb", "sh", "-c", "echo x >>/etc/hosts && tail -n 1 /etc/hosts"))
        .stdout,
    ).toBe("x\n");
    expect(
      (
        await run(
          "--network",
          "none",
          "-v",
          "/etc/hostname:/etc/hosts:ro",
          "bb",
          "sh",
          "-c",
          "wc -l </etc/hosts",
        )
      ).stdout,
    ).toBe("1\n");
  });

  test("of a joined container are the other's", async () => {
    await home.ok(
      "run",
      "-d",
      "--name",
      "first",
      "--network",
      "none",
      "--hostname",
      "first-box",
      "--add-host",
      "x:192.0.2.9",
      "bb",
      "sleep",
      "1000",
    );
    const { stdout } = await run("--network", "container:first", "bb", "cat", "/etc/hosts");
    expect(stdout).toContain("192.0.2.9");
    await home.ok("rm", "-f", "-t", "0", "first");
  });
});
