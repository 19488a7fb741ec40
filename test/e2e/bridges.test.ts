/** Networks that containers share: bridges in a namespace of the user's, names, addresses, published ports, crashes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { waitUntil } from "../support/process.ts";
import { hasDevice, hasHostAddress, hasProgram, hostAddress, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const { coracle, ok } = {
  coracle: (...args: string[]) => home.coracle(...args),
  ok: (...args: string[]) => home.ok(...args),
};

const find = (name: string) =>
  `${process.env.PATH}:/usr/lib/podman:/usr/libexec/podman`
    .split(":")
    .map((place) => join(place, name))
    .find((file) => existsSync(file));
const installed = (name: string) => (find(name) ? undefined : `${name} is not installed`);

/** The environment in which a script stands for netavark. */
function insteadOfNetavark(name: string, script: string): Record<string, string> {
  const programs = join(home.directory, name);
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, "netavark"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const CONTAINERS_CONF_OVERRIDE = join(programs, "containers.conf");
  writeFileSync(CONTAINERS_CONF_OVERRIDE, `[engine]\nhelper_binaries_dir = ["${programs}"]\n`);
  return { CONTAINERS_CONF_OVERRIDE };
}

beforeEach((context) => {
  skipUnless(
    context,
    ...[hasProgram("slirp4netns"), hasDevice("/dev/net/tun")],
    ...["netavark", "aardvark-dns"].map(installed),
  );
});

afterEach(async () => {
  await coracle("rm", "-a", "-f", "-t", "0");
  await coracle("network", "prune", "-f");
});

const serve = "echo hello from $HOSTNAME >/tmp/index.html; exec httpd -f -p 80 -h /tmp";
const server = (name: string, ...flags: string[]) =>
  ok("run", "-d", "--name", name, "--hostname", name, ...flags, "bb", "sh", "-c", serve);
const sleeper = (name: string, ...flags: string[]) =>
  ok("run", "-d", "--name", name, ...flags, "bb", "sleep", "1000");
const fetchedOnce = (from: string, host: string) =>
  coracle("exec", from, "wget", "-qO-", `http://${host}/`).then(({ stdout }) => stdout);
/** What aardvark-dns reads, of this home's only store: asking for a name that isn't there takes the host's resolver. */
function namesOf(network: string): string {
  const bridges = `${home.runtimeDirectory}/coracle/bridges`;
  return readdirSync(bridges)
    .map((store) => readFileSync(`${bridges}/${store}/aardvark-dns/${network}`, "utf8"))
    .join("");
}
/** A server listens a moment after its container has started. */
async function fetched(from: string, host: string): Promise<string> {
  let text = "";
  for (let tries = 0; text === "" && tries < 20; tries++) text = await fetchedOnce(from, host);
  return text;
}
const addressOf = (name: string, network: string) =>
  ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const fetchText = (url: string) =>
  fetch(url).then(
    (answer) => answer.text(),
    () => "",
  );

/** Processes of the home by the beginning of their names. */
const named = (name: string) =>
  home.processes().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(name);
    } catch {
      return false;
    }
  });

describe("names", () => {
  test("of containers resolve as soon as they run: name, alias and short id, both ways", async () => {
    await ok("network", "create", "web");
    await server("one", "--network", "web", "--network-alias", "first");
    await server("two", "--network", "web:alias=second");
    const id = (await ok("inspect", "-f", "{{.Id}}", "one")).slice(0, 12);
    for (const host of ["one", "first", id, "one.dns.podman"])
      expect(await fetched("two", host)).toBe("hello from one\n");
    expect(await fetched("one", "second")).toBe("hello from two\n");
    const { stdout } = await coracle("run", "--rm", "--network", "web", "bb", "cat", "/etc/resolv.conf");
    expect(stdout).toMatch(/^search dns\.podman.*\nnameserver 10\.89\.0\.1\noptions .*timeout/);
  });

  test("go with restart, disconnect and connect", async () => {
    await ok("network", "create", "web");
    await ok("network", "create", "other");
    await server("one", "--network", "web");
    await sleeper("two", "--network", "web");
    await ok("restart", "-t", "0", "one");
    expect(await fetched("two", "one")).toBe("hello from one\n");

    expect(namesOf("web")).toContain("one,");
    await ok("network", "disconnect", "web", "one");
    expect(namesOf("web")).not.toContain("one,");
    expect(await ok("ps", "--filter", "name=one", "--format", "{{.Networks}}")).toBe("");
    await ok("network", "connect", "--alias", "uno", "web", "one");
    expect(await fetched("two", "uno")).toBe("hello from one\n");

    await ok("network", "connect", "--ip", "10.89.1.77", "other", "one");
    await sleeper("three", "--network", "other");
    expect(await fetched("three", "one")).toBe("hello from one\n");
    expect(await addressOf("one", "other")).toBe("10.89.1.77");
    expect((await coracle("exec", "one", "cat", "/etc/hosts")).stdout).toContain("10.89.1.77\tone");
    expect(await ok("ps", "--filter", "name=one", "--format", "{{.Networks}}")).toBe("web,other");
    await ok("network", "reload", "--all");
    expect(await fetched("three", "one")).toBe("hello from one\n");

    const needed = await coracle("network", "rm", "web");
    expect(needed).toMatchObject({ exitCode: 2, stdout: "" });
    expect(needed.stderr).toContain("network is being used");
  });
});

test("all lookups are answered while containers come and go", async () => {
  await ok("network", "create", "web");
  await sleeper("target", "--network", "web", "--network-alias", "goal");
  const pid = await ok("inspect", "-f", "{{.State.Pid}}", "target");
  const script = `
    const { Resolver } = require("node:dns").promises;
    let failed = 0;
    async function ask(count) {
      const resolver = new Resolver({ timeout: 1000, tries: 5 });
      resolver.setServers(["10.89.0.1"]);
      for (let i = 0; i < count; i++) {
        const name = i % 2 ? "target.dns.podman" : "goal.dns.podman";
        const [address] = await resolver.resolve4(name).catch(({ code }) => [code]);
        if (address !== "10.89.0.2") failed++, console.log(name, address);
        await new Promise((next) => setTimeout(next, 10));
      }
    }
    Promise.all(Array.from({ length: 6 }, () => ask(500))).then(() => console.log("failed:", failed));`;
  const enter = [home.program, "unshare", "nsenter", "--target", pid, "--net"];
  const lookups = home.exec([...enter, process.execPath, "-e", script]);
  const comeAndGo = async (name: string) => {
    for (let round = 0; round < 3; round++) {
      await sleeper(`${name}-${round}`, "--network", "web");
      // Whoever comes or goes meanwhile writes the file anew, and for a moment there is nothing in it.
      const known = () => namesOf("web").includes(` ${name}-${round},`);
      await waitUntil(known, { what: "the name" });
      await ok("rm", "-f", "-t", "0", `${name}-${round}`);
    }
  };
  await Promise.all(["a", "b", "c", "d"].map(comeAndGo));
  expect((await lookups).stdout).toBe("failed: 0\n");
});

test("only internal networks have no way out, and only isolated ones none to each other", async (context) => {
  skipUnless(context, hasHostAddress());
  const outside = createServer((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nfrom host\n"));
  await new Promise<void>((resolve) => outside.listen(0, hostAddress(), resolve));
  const host = `${hostAddress()}:${(outside.address() as { port: number }).port}`;
  const reached = async (from: string, where: string) =>
    (await coracle("exec", from, "timeout", "3", "wget", "-qO-", `http://${where}/`)).stdout;
  await ok("network", "create", "open");
  await ok("network", "create", "--internal", "inside");
  for (const name of ["alone", "apart"]) await ok("network", "create", "-o", "isolate=true", name);
  for (const name of ["open", "inside", "alone", "apart"])
    await server(`on-${name}`, "--network", name, "--cap-add", "NET_ADMIN");
  await sleeper("on-both", "--network", "inside", "--network", "open");

  for (const name of ["on-open", "on-alone", "on-both"])
    expect(await reached(name, host)).toBe("from host\n");
  expect(await fetched("on-both", "on-inside")).toBe("hello from on-inside\n");
  // Not even by a way of its own making.
  await ok("exec", "on-inside", "ip", "route", "add", "default", "via", "10.89.1.1");
  expect(await reached("on-inside", host)).toBe("");
  expect(await fetched("on-open", await addressOf("on-alone", "alone"))).toBe("hello from on-alone\n");
  expect(await reached("on-alone", await addressOf("on-apart", "apart"))).toBe("");
  outside.close();
});

describe("addresses", () => {
  test("are those asked for, on all networks, and shown by inspect", async () => {
    await ok("network", "create", "--ipv6", "--subnet", "10.123.0.0/24", "--subnet", "fd12:3::/64", "six");
    await ok("network", "create", "--subnet", "10.124.0.0/24", "plain");
    const flags = ["six:ip=10.123.0.9,ip6=fd12:3::9,mac=92:d0:c6:0a:29:33,interface_name=lan", "plain"];
    await sleeper("many", ...flags.flatMap((flag) => ["--network", flag]));
    const { stdout } = await coracle("exec", "many", "ip", "addr");
    for (const part of [
      "lan@",
      "eth0@",
      "92:d0:c6:0a:29:33",
      "10.123.0.9/24",
      "fd12:3::9/64",
      "10.124.0.2/24",
    ])
      expect(stdout).toContain(part);
    const networks = JSON.parse(await ok("inspect", "-f", "{{json .NetworkSettings.Networks}}", "many"));
    expect(networks.six).toMatchObject({
      IPAddress: "10.123.0.9",
      Gateway: "10.123.0.1",
      GlobalIPv6Address: "fd12:3::9",
      MacAddress: "92:d0:c6:0a:29:33",
    });
    expect(Object.keys(networks)).toEqual(["plain", "six"]);
    await ok("create", "--name", "resting", "--network", "six", "bb", "true");
    const [{ containers }] = JSON.parse(await ok("network", "inspect", "six"));
    expect(containers).toEqual({
      [await ok("inspect", "-f", "{{.Id}}", "many")]: {
        name: "many",
        interfaces: {
          lan: {
            subnets: [
              { ipnet: "10.123.0.9/24", gateway: "10.123.0.1" },
              { ipnet: "fd12:3::9/64", gateway: "fd12:3::1" },
            ],
            mac_address: "92:d0:c6:0a:29:33",
          },
        },
      },
    });
    const template = "{{range .Containers}}{{.Name}} {{range .Interfaces}}{{.MacAddress}}{{end}}{{end}}";
    expect(await ok("network", "inspect", "-f", template, "six")).toBe("many 92:d0:c6:0a:29:33");

    const taken = await coracle("run", "--rm", "--network", "six", "--ip", "10.123.0.9", "bb", "true");
    expect(taken).toMatchObject({ exitCode: 126, stdout: "" });
    expect(taken.stderr).toContain("requested ip address 10.123.0.9 is already allocated to container ID");
    const outside = await coracle("run", "--rm", "--network", "plain", "--ip", "1.2.3.4", "bb", "true");
    expect(outside.stderr).toContain("requested static ip 1.2.3.4 not in any subnet on network plain");
  });

  test("differ when containers start together, and all of them are answered for", async () => {
    await ok("network", "create", "web");
    const names = Array.from({ length: 6 }, (_, index) => `box${index}`);
    await Promise.all(names.map((name) => server(name, "--network", "web")));
    const addresses = await Promise.all(names.map((name) => addressOf(name, "web")));
    expect(new Set(addresses).size).toBe(names.length);
    const answers = await Promise.all(names.slice(1).map((name) => fetched("box0", name)));
    expect(answers).toEqual(names.slice(1).map((name) => `hello from ${name}\n`));
  });
});

test("published ports lead into bridges, and are told", async () => {
  await ok("network", "create", "web");
  const port = await freePort();
  await server("one", "--network", "web", "-p", `127.0.0.1:${port}:80`);
  await waitUntil(async () => (await fetchText(`http://127.0.0.1:${port}/`)) === "hello from one\n", {
    what: "the answer",
  });
  expect(await ok("port", "one")).toBe(`80/tcp -> 127.0.0.1:${port}`);
  const second = await coracle("run", "--rm", "--network", "web", "-p", `127.0.0.1:${port}:80`, "bb", "true");
  expect(second).toMatchObject({ exitCode: 126, stdout: "" });
  expect(second.stderr).toMatch(/address already in use.*container one publishes port/);
});

test("the default network needs no create; networks that aren't there are refused", async () => {
  await sleeper("plain", "--network", "bridge");
  expect(await ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "plain")).toBe("10.88.0.2");
  const missing = await coracle("run", "--rm", "--network", "nosuch", "bb", "true");
  expect(missing).toMatchObject({ exitCode: 125, stdout: "" });
  expect(missing.stderr).toContain("unable to find network with name or ID nosuch: network not found");
});

test("routes of a network are those of its containers", async () => {
  const routes = ["--route", "10.99.5.7/24,10.98.0.9", "--route", "fd00:99::/48,fd00:98::9,7"];
  await ok(
    "network",
    "create",
    ...["--subnet", "10.98.0.0/24", "--subnet", "fd00:98::/64"],
    ...routes,
    "routed",
  );
  await ok(
    "network",
    "create",
    "--internal",
    "--subnet",
    "10.97.0.0/24",
    "--route",
    "10.96.0.0/16,10.97.0.9,5",
    "in",
  );
  const [v4, v6] = (
    await ok(
      "run",
      "--rm",
      "--network",
      "routed",
      "--network",
      "in",
      "bb",
      "sh",
      "-c",
      "ip r; echo -; ip -6 r",
    )
  ).split("-\n");
  expect(v4).toMatch(/^10\.99\.5\.0\/24 via 10\.98\.0\.9 dev eth0 +metric 100/m);
  expect(v4).toMatch(/^10\.96\.0\.0\/16 via 10\.97\.0\.9 dev eth1 +metric 5/m);
  expect(v6).toMatch(/^fd00:99::\/48 via fd00:98::9 dev eth0 +metric 7/m);
  await ok("network", "create", "--subnet", "10.95.0.0/24", "--route", "10.94.0.0/16,10.1.1.1", "nowhere");
  const { exitCode, stderr } = await coracle("run", "--rm", "--network", "nowhere", "bb", "true");
  expect([exitCode, stderr]).toEqual([
    126,
    expect.stringMatching(/^Error: add a route to the container: Network is unreachable/),
  ]);
});

test("without a default route, and one of another weight", async () => {
  await ok("network", "create", "-o", "no_default_route=1", "--subnet", "10.97.0.0/24", "closed");
  await ok("network", "create", "-o", "metric=321", "--subnet", "10.98.0.0/24", "heavy");
  const routes = (network: string) => ok("run", "--rm", "--network", network, "bb", "ip", "r");
  expect(await routes("closed")).toMatch(/^10\.97\.0\.0\/24 dev eth0 [^\n]*$/);
  expect(await routes("heavy")).toMatch(/^default via 10\.98\.0\.1 dev eth0 +metric 321/m);
});

test("where networks are kept, and which subnets they get, is said by flags and containers.conf", async () => {
  const directory = join(home.directory, "networks");
  await ok("--network-config-dir", directory, "network", "create", "elsewhere");
  expect(readdirSync(directory)).toEqual(["elsewhere.json"]);
  expect((await coracle("network", "exists", "elsewhere")).exitCode).toBe(1);
  const CONTAINERS_CONF_OVERRIDE = join(home.directory, "pools.conf");
  writeFileSync(
    CONTAINERS_CONF_OVERRIDE,
    '[network]\ndefault_subnet = "10.87.0.0/24"\ndefault_subnet_pools = [{"base" = "10.86.0.0/16", "size" = 28}]\n',
  );
  const configured = async (...args: string[]) =>
    (await home.run(["network", ...args], { env: { CONTAINERS_CONF_OVERRIDE } })).stdout;
  await configured("create", "small");
  const subnets = ["inspect", "-f", "{{range .Subnets}}{{.Subnet}} {{.Gateway}}{{end}}"];
  expect(await configured(...subnets, "small", "podman")).toBe(
    "10.86.0.0/28 10.86.0.1\n10.87.0.0/24 10.87.0.1\n",
  );
});

test("network update changes resolvers, where netavark can", async () => {
  await ok("network", "create", "web");
  const { stderr, exitCode } = await coracle("network", "update", "--dns-add", "192.0.2.53", "web");
  const old = /netavark 1\.[0-5]\./.test(stderr);
  expect(exitCode).toBe(old ? 125 : 0);
  if (old) expect(stderr).toContain("--dns-add is not supported by netavark 1.");

  // Only its version is asked for.
  const env = insteadOfNetavark("newer", "echo netavark 1.14.0");
  const update = (...flags: string[]) => home.run(["network", "update", ...flags, "web"], { env });
  const servers = () => ok("network", "inspect", "-f", "{{.NetworkDNSServers}}", "web");
  expect(await update("--dns-add", "192.0.2.53,192.0.2.54")).toMatchObject({ exitCode: 0, stdout: "web\n" });
  expect(await servers()).toBe("[192.0.2.53 192.0.2.54]");
  expect(await update("--dns-drop", "192.0.2.53", "--dns-add", "192.0.2.55")).toMatchObject({ exitCode: 0 });
  expect(await servers()).toBe("[192.0.2.54 192.0.2.55]");
  expect((await update("--dns-add", "nonsense")).exitCode).toBe(125);
  expect((await update("--dns-drop", "192.0.2.54,192.0.2.55")).exitCode).toBe(0);
  expect(await servers()).toBe("[]");
});

test("unshare --rootless-netns goes where bridges are, and makes the place where there are none", async () => {
  const joined = (...argv: string[]) => coracle("unshare", "--rootless-netns", ...argv);
  expect(await joined("ip", "-o", "link")).toMatchObject({ exitCode: 0, stderr: "" });
  expect((await joined("sh", "-c", "ip -o link; cat /etc/resolv.conf; exit 7")).exitCode).toBe(7);
  expect(await joined("no-such-program")).toMatchObject({
    exitCode: 127,
    stdout: "",
    stderr: 'Error: exec: "no-such-program": executable file not found in $PATH\n',
  });
  await home.expectNothingLeft();
  await sleeper("web", "--network", "bridge");
  const { stdout } = await joined("ip", "-o", "-4", "addr");
  expect(stdout).toContain("tap0");
  expect(stdout).toContain("10.88.0.1/16");
});

test("of a renamed container the old name is answered until it starts again, as with Podman", async () => {
  await ok("network", "create", "web");
  await server("one", "--network", "web");
  await ok("rename", "one", "uno");
  expect(namesOf("web")).toContain(" one,");
  await ok("restart", "-t", "0", "uno");
  expect(namesOf("web")).toContain(" uno,");
  expect(namesOf("web")).not.toContain(" one,");
});

describe("after kill -9", () => {
  test("of a monitor its name and address are free, and nothing is left", async () => {
    await ok("network", "create", "web");
    await sleeper("stays", "--network", "web");
    await server("gone", "--network", "web");
    const address = await addressOf("gone", "web");
    process.kill(Number(await ok("inspect", "-f", "{{.State.ConmonPid}}", "gone")), "SIGKILL");
    await waitUntil(() => !namesOf("web").includes("gone,"), { what: "the end of the name" });
    await server("next", "--network", "web", "--ip", address);
    expect(await fetched("stays", "next")).toBe("hello from next\n");
    await ok("rm", "-a", "-f", "-t", "0");
    await home.expectNothingLeft();
  });

  test("of netavark the start fails, and nothing of it stays", async () => {
    await ok("network", "create", "web");
    const killed = join(home.directory, "kill-after");
    const netavark = find("netavark");
    const script = `exec 9<&0
case "$*" in *" setup "*) if [ -e ${killed} ]; then ${netavark} "$@" <&9 & sleep "$(cat ${killed})"; kill -9 $! $$; fi; esac
exec ${netavark} "$@"`;
    const env = insteadOfNetavark("killed", script);
    const run = (name: string) =>
      home.run(["run", "-d", "--name", name, "--network", "web", "bb", "sleep", "1000"], { env });
    expect((await run("stays")).stderr).toBe("");
    for (const seconds of ["0", "0.01", "0.02", "0.05"]) {
      writeFileSync(killed, seconds);
      expect(await run(`gone${seconds}`)).toMatchObject({ exitCode: 126 });
    }
    rmSync(killed);
    expect(await run("next")).toMatchObject({ exitCode: 0 });
    expect(namesOf("web")).toMatch(/^\S+\n.* stays,.*\n.* next,.*\n$/);
    const pid = await ok("inspect", "-f", "{{.State.Pid}}", "next");
    expect(await ok("unshare", "nsenter", "--target", pid, "--net", "ip", "-o", "route")).toContain(
      "default via",
    );
    await ok("rm", "-a", "-f", "-t", "0");
    await home.expectNothingLeft();
  });

  test.for(["coracle-network", "slirp4netns", "aardvark-dns", "coracle-ports"])(
    "of %s all goes on",
    async (name) => {
      await ok("network", "create", "web");
      const port = await freePort();
      await server("one", "--network", "web", "-p", `127.0.0.1:${port}:80`);
      await sleeper("two", "--network", "web");
      const [pid] = named(name);
      process.kill(pid as number, "SIGKILL");
      await waitUntil(() => named(name).some((other) => other !== pid), { what: "another one" });
      await waitUntil(async () => (await fetched("two", "one")) === "hello from one\n", {
        what: "the answer",
      });
      await waitUntil(async () => (await fetchText(`http://127.0.0.1:${port}/`)) === "hello from one\n", {
        what: "the answer from outside",
      });
      await server("three", "--network", "web");
      expect(await fetched("two", "three")).toBe("hello from three\n");
      await ok("rm", "-a", "-f", "-t", "0");
      await home.expectNothingLeft();
    },
  );
});
