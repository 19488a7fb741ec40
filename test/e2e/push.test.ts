/** Logging in to registries and pushing to them; what we push, others pull, and the other way round. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { digestOf, FakeRegistry } from "../support/fake-registry.ts";
import { useHome } from "../support/home.ts";
import { imageArchive } from "../support/images.ts";
import { CREDENTIALS, startRegistry, type TestRegistry } from "../support/registry.ts";
import { hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const http = "--tls-verify=false";
const missing = hasProgram("docker-registry") ?? hasProgram("skopeo");
const authFile = () => join(home.runtimeDirectory, "containers/auth.json");
const skopeo = async (...args: string[]) => {
  const result = await home.exec(["skopeo", ...args]);
  expect(result).toMatchObject({ exitCode: 0 });
  return result.stdout;
};

describe("a registry with accounts", () => {
  let registry: TestRegistry;

  beforeAll(async () => {
    if (missing === undefined) registry = await startRegistry({ auth: true });
  });
  afterAll(async () => registry?.stop());
  beforeEach((context) => skipUnless(context, missing));

  const login = (...args: string[]) => home.coracle("login", http, ...args, registry.address);
  const account = ["-u", CREDENTIALS.username, "-p", CREDENTIALS.password];

  test("login keeps what the registry takes, logout forgets it", async () => {
    expect(await login("-u", CREDENTIALS.username, "-p", "wrong")).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(
        `Error: logging into "${registry.address}": invalid username/password;`,
      ),
    });
    expect(existsSync(authFile())).toBe(false);
    expect(await login(...account)).toMatchObject({ exitCode: 0, stdout: "Login Succeeded!\n", stderr: "" });
    expect(statSync(authFile()).mode & 0o777).toBe(0o600);
    expect(await login("--get-login")).toMatchObject({ stdout: `${CREDENTIALS.username}\n` });
    expect((await login()).stdout).toContain("Existing credentials are valid. Already logged in to");
    expect(await home.ok("logout", registry.address)).toBe(
      `Removed login credentials for ${registry.address}`,
    );
    expect(JSON.parse(readFileSync(authFile(), "utf8"))).toEqual({ auths: {} });
    expect(await home.coracle("logout", registry.address)).toMatchObject({
      exitCode: 125,
      stderr: `Error: not logged into ${registry.address}\n`,
    });
    expect(await login("--get-login")).toMatchObject({ exitCode: 125 });
  });

  test("the password may come on stdin", async () => {
    const args = ["login", http, "-u", CREDENTIALS.username, "--password-stdin", "--authfile", "own.json"];
    const result = await home.run([...args, registry.address], { input: `${CREDENTIALS.password}\n` });
    expect(result).toMatchObject({ exitCode: 0, stdout: "Login Succeeded!\n" });
    const without = await home.run(["login", http, "-u", "x", registry.address], { input: "" });
    expect(without).toMatchObject({ exitCode: 125 });
    expect(without.stderr).toMatch(/Error: getting username and password: reading password: /);
  });

  test("push and pull with an account, and not without", async () => {
    const name = `${registry.address}/team/bb:1`;
    const refused = await home.coracle("push", http, "bb", name);
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/unauthorized: authentication required; `coracle login /);
    expect(await home.coracle("push", "-q", http, "--creds", "tester:secret", "bb", name)).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(await home.coracle("pull", "-q", http, name)).toMatchObject({ exitCode: 125 });
    // What --creds doesn't say is asked for: the name, and on a terminal the password.
    const asked = (creds: string) =>
      home.run(["pull", "-q", http, "--creds", creds, name], { input: "tester\n" });
    expect(await asked(":secret")).toMatchObject({ exitCode: 0 });
    expect(await asked("tester")).toMatchObject({
      exitCode: 125,
      stdout: "Password: ",
      stderr: expect.stringContaining(
        "could not read password from terminal: inappropriate ioctl for device; --creds takes NAME:PASSWORD\n",
      ),
    });
    await login(...account);
    const id = await home.ok("inspect", "-f", "{{.Id}}", "bb");
    expect(await home.ok("pull", "-q", http, name)).toBe(id);
    await home.ok("rmi", name);
    await home.ok("logout", "--all");
  });

  test("the files that may hold an account, the first one counts", async () => {
    const name = `${registry.address}/kept/bb:1`;
    await home.ok("push", "-q", http, "--creds", "tester:secret", "bb", name);
    const auth = Buffer.from(`${CREDENTIALS.username}:${CREDENTIALS.password}`).toString("base64");
    const good = JSON.stringify({ auths: { [registry.address]: { auth } } });
    const bad = JSON.stringify({ auths: { [registry.address]: { auth: "eDp5" } } });
    const at = (file: string) => join(home.env.HOME as string, file);
    const write = (file: string, content: string) => {
      mkdirSync(dirname(at(file)), { recursive: true });
      writeFileSync(at(file), content);
    };
    const pull = async (env: Record<string, string> = {}, ...args: string[]) =>
      (await home.run(["pull", "-q", http, ...args, name], { env })).exitCode;
    write("given.json", good);
    write("bad.json", bad);
    expect(await pull({}, "--authfile", at("given.json"))).toBe(0);
    expect(await pull({ REGISTRY_AUTH_FILE: at("given.json") })).toBe(0);
    expect(await pull({ REGISTRY_AUTH_FILE: at("given.json") }, "--authfile", at("bad.json"))).toBe(125);
    expect(await pull({}, "--authfile", at("bad.json"), "--creds", "tester:secret")).toBe(0);
    // A file of the environment need not be there, one of the command line has to.
    expect(await pull({ REGISTRY_AUTH_FILE: at("none.json") }, "--creds", "tester:secret")).toBe(0);
    const missing = ["--authfile", at("none.json")];
    for (const command of [
      ["auto-update", ...missing],
      ["create", ...missing, "bb"],
      ["logout", ...missing, registry.address],
      ["manifest", "inspect", ...missing, "bb"],
      ["pull", ...missing, name],
      ["push", ...missing, "bb"],
      ["run", ...missing, "bb"],
      ["search", ...missing, registry.address],
    ]) {
      const text = `Error: credential file is not accessible: faccessat ${at("none.json")}: no such file or directory`;
      expect(await home.coracle(...command)).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(text),
      });
    }
    write("docker/config.json", good);
    expect(await pull()).toBe(125);
    expect(await pull({ DOCKER_CONFIG: at("docker") })).toBe(0);
    for (const file of [".docker/config.json", ".config/containers/auth.json"]) {
      write(file, good);
      expect(await pull()).toBe(0);
      rmSync(at(file));
    }
    await home.ok("rmi", name);
  });

  test("a credential helper knows the password", async () => {
    const bin = join(home.env.HOME as string, "helpers");
    await home.exec(["mkdir", "-p", bin]);
    const helper = join(bin, "docker-credential-test");
    const answer = JSON.stringify({ Username: CREDENTIALS.username, Secret: CREDENTIALS.password });
    writeFileSync(
      helper,
      `#!/bin/sh\nread registry; [ "$registry" = ${registry.address} ] && echo '${answer}'\n`,
      {
        mode: 0o755,
      },
    );
    const config = join(home.env.HOME as string, "helper.json");
    writeFileSync(config, JSON.stringify({ credHelpers: { [registry.address]: "test" } }));
    const push = ["push", "-q", http, "--authfile", config, "bb", `${registry.address}/helped:1`];
    const env = { PATH: `${bin}:${home.env.PATH}` };
    expect(await home.run(push, { env })).toMatchObject({ exitCode: 0, stderr: "" });
    const gone = await home.coracle(...push);
    expect(gone).toMatchObject({ exitCode: 125 });
    expect(gone.stderr).toContain(
      'getting username and password: error getting credentials - err: exec: "docker-credential-test": executable file not found in $PATH, out: ``',
    );
    writeFileSync(helper, "#!/bin/sh\necho odd\n");
    const odd = await home.run(["login", "--authfile", config, "--get-login", registry.address], { env });
    expect(odd.stderr).toContain(
      "Error: get credentials: invalid character 'o' looking for beginning of value",
    );
  });
});

describe("an open registry", () => {
  let registry: TestRegistry;
  const target = (name: string) => `${registry.address}/${name}`;
  const raw = async (name: string) => await skopeo("inspect", http, "--raw", `docker://${target(name)}`);

  beforeAll(async () => {
    if (missing !== undefined) return;
    registry = await startRegistry();
    const archive = imageArchive("push", {
      reference: "localhost/push:1",
      layers: ["one", "two"].map((path) => [{ path, data: path.repeat(1000) }]),
      config: { Cmd: ["/one"] },
      gzip: true,
    });
    await home.ok("load", "-i", archive);
  });
  afterAll(async () => registry?.stop());
  beforeEach((context) => skipUnless(context, missing));

  test("gets the bytes that came in, and the digest is told", async () => {
    const stored = await home.ok("inspect", "-f", "{{.Digest}}", "push:1");
    const result = await home.coracle(
      "push",
      http,
      "--digestfile",
      "digest",
      "push:1",
      `docker://${target("a/push:1")}`,
    );
    expect(result).toMatchObject({ exitCode: 0, stdout: "" });
    expect(result.stderr).toMatch(
      /^Getting image source signatures\n(Copying blob sha256:\w+\n){2}Copying config sha256:\w+\nWriting manifest to image destination\n$/,
    );
    expect(digestOf(await raw("a/push:1"))).toBe(stored);
    expect((await home.exec(["cat", "digest"])).stdout).toBe(stored);
  });

  test("is the default destination of an image with its name", async () => {
    await home.ok("tag", "push:1", target("named:2"));
    await home.ok("push", "-q", http, target("named:2"));
    expect(JSON.parse(await raw("named:2"))).toMatchObject({ layers: [{}, {}] });
    await home.ok("rmi", target("named:2"));
    const id = await home.ok("inspect", "-f", "{{.Id}}", "push:1");
    expect((await home.coracle("push", id)).stderr).toMatch(
      /is an image ID, not a name to push to; name a destination/,
    );
  });

  test("takes other formats and compressions", async () => {
    await home.ok("push", "-q", http, "--format", "v2s2", "push:1", target("docker:1"));
    expect(JSON.parse(await raw("docker:1"))).toMatchObject({
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: { mediaType: "application/vnd.docker.container.image.v1+json" },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }, {}],
    });
    await home.ok("push", "-q", http, "--compression-format", "zstd", "push:1", target("zstd:1"));
    expect(JSON.parse(await raw("zstd:1"))).toMatchObject({
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" }, {}],
    });
    const id = await home.ok("inspect", "-f", "{{.Id}}", "push:1");
    await home.ok("rmi", "push:1");
    expect(await home.ok("pull", "-q", http, target("zstd:1"))).toBe(id);
    // Docker's manifests know no zstd: what came so goes out as gzip.
    await home.ok("push", "-q", http, "--format", "v2s2", target("zstd:1"), target("docker:2"));
    expect(JSON.parse(await raw("docker:2"))).toMatchObject({
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }, {}],
    });
    const CONTAINERS_CONF_OVERRIDE = join(home.directory, "push.conf");
    writeFileSync(CONTAINERS_CONF_OVERRIDE, '[engine]\ncompression_format = "zstd"\ncompression_level = 9\n');
    const configured = async (...args: string[]) =>
      await home.run(["push", "-q", http, ...args], { env: { CONTAINERS_CONF_OVERRIDE } });
    const plain = imageArchive("push-plain", {
      reference: "localhost/plain:1",
      layers: [[{ path: "p" }]],
      config: {},
    });
    await home.ok("load", "-q", "-i", plain);
    expect(await configured("plain:1", target("zstd:3"))).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(await raw("zstd:3"))).toMatchObject({
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" }],
    });
    expect(await configured("--format", "v2s2", "plain:1", target("zstd:4"))).toMatchObject({ exitCode: 0 });
    await home.ok("rmi", "plain:1");
    const both = await home.coracle(
      "push",
      http,
      "--format",
      "v2s2",
      "--compression-format",
      "zstd",
      "bb",
      target("x"),
    );
    expect(both.stderr).toMatch(
      /compression using zstd required together with format .*v2\+json, which does not support it; use --format oci/,
    );
    await home.ok("tag", target("zstd:1"), "push:1");
    await home.ok("rmi", target("zstd:1"));
  });

  test("is pulled from by Podman, and layers that weren't compressed are", async (context) => {
    skipUnless(context, hasProgram("podman"));
    await home.ok("save", "-q", "--format", "docker-archive", "-o", "plain.tar", "bb");
    await home.ok("rmi", "bb");
    await home.ok("load", "-q", "-i", "plain.tar");
    await home.ok("push", "-q", http, "bb", target("plain:1"));
    const [layer] = (JSON.parse(await raw("plain:1")) as { layers: { mediaType: string }[] }).layers;
    expect(layer?.mediaType).toMatch(/gzip$/);
    await skopeo("copy", "-q", `--src-tls-verify=false`, `docker://${target("plain:1")}`, "dir:copied");
  });

  test("is searched, and lists its tags", async () => {
    for (const name of ["found/one:1", "found/one:2", "found/two:1"])
      await home.ok("push", "-q", http, "push:1", target(name));
    const search = (...args: string[]) => home.ok("search", http, ...args);
    const width = target("found/one").length;
    expect(await search(target("found"))).toBe(
      `${"NAME".padEnd(width)}  DESCRIPTION\n${target("found/one")}  \n${target("found/two")}  `,
    );
    expect(await search("--limit", "1", "--format", "{{.Name}} {{.Index}}", target("found"))).toBe(
      `${target("found/one")} ${registry.address}`,
    );
    expect(await search("--list-tags", "--format", "{{.Tag}}", target("found/one"))).toMatch(/^(1\n2|2\n1)$/);
    expect(JSON.parse(await search("--format", "json", target("two")))).toEqual([
      {
        Index: registry.address,
        Name: target("found/two"),
        Description: "",
        Stars: 0,
        Official: "",
        Automated: "",
        Tag: "",
      },
    ]);
    expect(await search(target("nothing"))).toBe("");
    expect((await home.coracle("search", http, "--list-tags", target("lib/"))).stderr).toContain(
      'reference "lib/" must be a docker reference',
    );
    expect(await home.coracle("search", http, "--list-tags", target("nothing"))).toMatchObject({
      exitCode: 125,
    });
    expect((await home.coracle("search", http, "-f", "nosuch=1", target("x"))).stderr).toMatch(
      /invalid filter type/,
    );
  });

  test("mounts what it has in another repository", async () => {
    await home.ok("push", "-q", http, "push:1", target("first:1"));
    await home.ok("pull", "-q", http, target("first:1"));
    await home.ok("push", "-q", http, "push:1", target("second:1"));
    expect(await raw("second:1")).toBe(await raw("first:1"));
    await home.ok("rmi", target("first:1"));
  });
});

describe("a registry with habits of its own", () => {
  let registry: FakeRegistry;

  beforeAll(async () => {
    registry = await FakeRegistry.start();
  });
  afterAll(async () => registry.stop());

  test("that takes no blob in one request gets it in chunks", async () => {
    const parts: Buffer[] = [];
    const puts: string[] = [];
    registry.handler = (request, response, url) => {
      if (request.method === "GET") return false;
      const body: Buffer[] = [];
      request.on("data", (chunk: Buffer) => body.push(chunk));
      request.on("end", () => {
        const bytes = Buffer.concat(body);
        const answer = (status: number, headers = {}) => response.writeHead(status, headers).end();
        if (request.method === "HEAD") return answer(404);
        if (request.method === "POST") return answer(202, { location: "/v2/a/b/blobs/uploads/1?state=0" });
        if (request.method === "PATCH") {
          parts.push(bytes);
          return answer(202, { location: `/v2/a/b/blobs/uploads/1?state=${parts.length}` });
        }
        if (url.pathname.includes("/manifests/")) return answer(201);
        puts.push(url.search);
        return answer(bytes.length > 0 ? 413 : 201);
      });
      return true;
    };
    const result = await home.coracle("push", "-q", http, "bb", `${registry.address}/a/b:1`);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const digests = puts.filter((query) => query.includes("state=1&") || query.includes("state=2&"));
    expect(digests).toHaveLength(2);
    const [layer, config] = parts as [Buffer, Buffer];
    expect(digests[0]).toContain(encodeURIComponent(digestOf(layer)));
    expect(digests[1]).toContain(encodeURIComponent(digestOf(config)));
  });

  test("that sends to a token service is shown name and password there alone", async () => {
    const asked: string[] = [];
    const service: Server = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      response.end(JSON.stringify({ token: "of-the-day" }));
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const realm = `http://127.0.0.1:${(service.address() as AddressInfo).port}/token`;
    const shown = new Set<string | undefined>();
    registry.handler = (request, response, url) => {
      request.resume();
      if (url.pathname === "/v2/" && request.headers.authorization === undefined) return false;
      shown.add(request.headers.authorization);
      if (request.headers.authorization !== "Bearer of-the-day") {
        const challenge = `Bearer realm="${realm}",service="test",scope="repository:a/b:pull,push"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
        return true;
      }
      request.on("end", () => response.writeHead(request.method === "HEAD" ? 200 : 201).end());
      return true;
    };
    const args = ["push", "-q", http, "--creds", "me:my secret", "bb", `${registry.address}/a/b:1`];
    expect(await home.coracle(...args)).toMatchObject({ exitCode: 0, stderr: "" });
    service.close();
    const basic = `Basic ${Buffer.from("me:my secret").toString("base64")}`;
    expect(asked).toContain(`${basic} /token?service=test&scope=repository%3Aa%2Fb%3Apull%2Cpush&account=me`);
    expect(shown).toEqual(new Set([undefined, "Bearer of-the-day"]));
  });

  test("that gives a token for each thing to do, and lets it expire in the middle", async () => {
    const layers = [1, 2, 3, 4, 5].map((i) => [{ path: `f${i}`, data: `${i}` }]);
    const archive = imageArchive("five", { reference: "localhost/five:1", layers, config: {} });
    await home.ok("load", "-q", "-i", archive);
    let epoch = 0;
    let puts = 0;
    registry.handler = (request, response, url) => {
      request.resume();
      if (url.pathname === "/token") {
        const scopes = url.searchParams.getAll("scope").join(" ");
        response.end(JSON.stringify({ token: Buffer.from(`${epoch}|${scopes}`).toString("base64url") }));
        return true;
      }
      if (url.pathname === "/v2/" && request.headers.authorization === undefined) return false;
      const scope = `repository:a/b:${request.method === "HEAD" ? "pull" : "pull,push"}`;
      const token = (request.headers.authorization ?? "").slice("Bearer ".length);
      const [at, scopes = ""] = Buffer.from(token, "base64url").toString().split("|");
      const isBlob = request.method === "PUT" && url.pathname.includes("/uploads/");
      if (isBlob && at === `${epoch}` && ++puts === 2) epoch++;
      if (at !== `${epoch}` || !scopes.includes(scope)) {
        const realm = `http://${registry.address}/token`;
        response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",scope="${scope}"` }).end();
        return true;
      }
      const status = { HEAD: 404, POST: 202 }[request.method as string] ?? 201;
      response.writeHead(status, { location: "/v2/a/b/blobs/uploads/1" }).end();
      return true;
    };
    for (let i = 0; i < 3; i++) {
      [epoch, puts] = [i, 0];
      registry.requests.length = 0;
      const result = await home.coracle("push", "-q", http, "five:1", `${registry.address}/a/b:1`);
      expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    }
    await home.ok("rmi", "five:1");
  });
});
