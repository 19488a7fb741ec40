import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
const run = (...args: string[]) => home.coracle("run", "--rm", "--network", "none", ...args);

function file(text: string): string {
  const path = join(home.env.HOME as string, "secret");
  writeFileSync(path, text);
  return path;
}

afterEach(async () => {
  await home.ok("secret", "rm", "--all");
});

test("create prints the id; from a file, stdin or a variable", async () => {
  const id = await home.ok("secret", "create", "--label", "a=b", "one", file("hello"));
  expect(id).toMatch(/^[0-9a-f]{25}$/);
  expect((await home.run(["secret", "create", "two", "-"], { input: "piped" })).exitCode).toBe(0);
  expect((await home.run(["secret", "create", "--env", "three", "V"], { env: { V: "v" } })).exitCode).toBe(0);
  expect(await home.ok("secret", "ls", "--format", "{{.Name}} {{.Driver}}")).toBe(
    "one file\ntwo file\nthree file",
  );
  expect(await home.ok("secret", "ls")).toMatch(/^ID +NAME +DRIVER +CREATED +UPDATED\n/);
  expect(await home.ok("secret", "ls", "-q", "--filter", "name=one", "--filter", "name=(")).toBe(id);
  const [secret] = JSON.parse(await home.ok("secret", "inspect", "one"));
  expect(secret).toEqual({
    ID: id,
    CreatedAt: expect.stringMatching(/^\d{4}-/),
    UpdatedAt: secret.CreatedAt,
    Spec: {
      Name: "one",
      Driver: { Name: "file", Options: { path: join(home.store, "secrets/filedriver") } },
      Labels: { a: "b" },
    },
  });
  expect(await home.ok("secret", "inspect", "--showsecret", "-f", "{{.SecretData}}", "two")).toBe("piped");
  expect(await home.ok("secret", "inspect", "--pretty", id.slice(0, 10))).toMatch(
    /^ID: {14}\w+\nName: {14}one\nLabels:\n - a=b\nDriver: {12}file\nCreated at: .* UTC\nUpdated at: .* UTC$/,
  );
  expect((await home.coracle("secret", "exists", "one")).exitCode).toBe(0);
  expect((await home.coracle("secret", "exists", "nope")).exitCode).toBe(1);
});

test("what can't be a secret is refused", async () => {
  const failure = async (...args: string[]) => {
    const { exitCode, stderr } = await home.coracle("secret", ...args);
    expect(exitCode).toBe(125);
    return stderr;
  };
  await home.ok("secret", "create", "one", file("hello"));
  expect(await failure("create", "one", file("x"))).toMatch(/^Error: one: secret name in use/);
  expect(await failure("create", "a/b", file("x"))).toMatch(/invalid secret name\n$/);
  expect(await failure("create", "empty", file(""))).toMatch(
    /^Error: secret data must be larger than 0 and less than 512000 bytes\n$/,
  );
  expect(await failure("create", "x", "/no/such")).toBe("Error: open /no/such: no such file or directory\n");
  expect(await failure("create", "--driver", "foo", "x", file("x"))).toMatch(/^Error: invalid driver/);
  expect(await failure("create", "--env", "x", "NOT_SET")).toBe(
    "Error: cannot create store secret data: environment variable NOT_SET is not set\n",
  );
  expect(await failure("create", "--driver-opts", "a", "x", file("x"))).toMatch(
    /^Error: invalid argument "a" for "--driver-opts" flag: a must be formatted as key=value\n/,
  );
  expect(await failure("rm", "nope")).toMatch(/^Error: no secret with name or id "nope": no such secret/);
  expect(await failure("inspect", "nope")).toMatch(
    /^Error: inspecting secret: no secret with name or id "nope": no such secret/,
  );
  expect((await run("--secret", "nope", "bb", "true")).stderr).toMatch(
    /^Error: no secret with name or id "nope": no such secret/,
  );
});

test("a container has them as files and variables, whatever keeps them", async () => {
  const kept = join(home.env.HOME as string, "kept");
  const options = `store=cat >${kept},lookup=cat ${kept},delete=rm ${kept},list=true`;
  await home.ok("secret", "create", "--driver", "shell", "--driver-opts", options, "one", file("hello"));
  const look =
    'cat /run/secrets/one; stat -c " %a %u:%g" /run/secrets/one; cat /abs/x; stat -c " %a %u:%g" /abs/x; echo $E';
  const { stdout, stderr } = await run(
    ...["--read-only", "--user", "33", "--secret", "one", "--secret", "one,type=env,target=E"],
    ...["--secret", "source=one,target=/abs/x,uid=33,gid=44,mode=0400", "bb", "sh", "-c", look],
  );
  expect({ stdout, stderr }).toEqual({ stdout: "hello 444 0:0\nhello 400 33:44\nhello\n", stderr: "" });
});

test("what a container was made with stays, nothing of it in its layer", async () => {
  await home.ok("secret", "create", "one", file("old"));
  const id = await home.ok("create", "--network", "none", "--secret", "one", "bb", "cat", "/run/secrets/one");
  const replaced = await home.ok("secret", "create", "--replace", "one", file("new"));
  expect(await home.ok("start", "--attach", id)).toBe("old");
  expect((await run("--secret", replaced, "bb", "cat", "/run/secrets/one")).stdout).toBe("new");
  await home.ok("secret", "rm", "one");
  expect(await home.ok("start", "--attach", id)).toBe("old");
  expect(JSON.parse(await home.ok("inspect", "-f", "{{json .Config.Secrets}}", id))).toMatchObject([
    { Name: "one", UID: 0, GID: 0, Mode: 0o444 },
  ]);
  expect((await home.coracle("cp", `${id}:/run/secrets/one`, "-")).exitCode).not.toBe(0);
  await home.ok("rm", id);
});

test("inspect tells which secret a variable holds, not what it says", async () => {
  await home.ok("secret", "create", "one", file("hidden"));
  const secret = "one,type=env,target=SECRET";
  const id = await home.ok("run", "-d", "--network", "none", "--secret", secret, "-e", "X=1", "bb", "env");
  await home.ok("wait", id);
  expect(await home.ok("logs", id)).toContain("SECRET=hidden");
  const env = JSON.parse(await home.ok("inspect", "-f", "{{json .Config.Env}}", id));
  expect(env).toContain("one=*******");
  expect(env).toContain("X=1");
  expect(await home.ok("inspect", id)).not.toContain("hidden");
  await home.ok("rm", id);
  await home.ok("secret", "rm", "one");
});
