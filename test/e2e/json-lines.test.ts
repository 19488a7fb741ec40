/** `{{json .}}` is a template: an object on a line of its own for each, with the keys that `--format json` has. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

beforeAll(async () => {
  await home.ok(
    "create",
    "--name",
    "one",
    "--network",
    "none",
    "--label",
    "b=1",
    "--label",
    "a=<&>",
    "bb",
    "true",
  );
  await home.ok("create", "--name", "two", "-p", "2000-2003:3000-3003", "bb", "true");
  await home.ok("volume", "create", "--label", "x=y", "data");
  await home.ok("network", "create", "net");
  await home.run(["secret", "create", "secret", "-"], { input: "s" });
});
afterAll(async () => {
  await home.coracle("rm", "-f", "one", "two");
  await home.coracle("network", "rm", "net");
});

type Row = Record<string, unknown>;

async function lines(...command: string[]): Promise<Row[]> {
  const output = await home.ok(...command, "--format", "{{json .}}");
  return output.split("\n").map((line) => JSON.parse(line) as Row);
}

async function whole(...command: string[]): Promise<Row[]> {
  const output = JSON.parse(await home.ok(...command, "--format", "json"));
  return Array.isArray(output) ? output : [output];
}

test.each([
  ["volume", "ls"],
  ["network", "ls"],
  ["secret", "ls"],
  ["secret", "inspect", "secret"],
  ["inspect", "one", "two"],
  ["inspect", "bb", "data"],
  ["container", "inspect", "one"],
  ["image", "inspect", "bb"],
  ["volume", "inspect", "data"],
  ["network", "inspect", "net"],
  ["system", "df"],
  ["version"],
  ["info"],
])("%s %s %s", async (...command) => {
  const words = command.filter((word) => word !== undefined);
  // The default network is as old as the command, secrets grow older, and a host is never the same.
  const passing = ["host", "store", ...(words[1] === "ls" ? ["created", "CreatedAt", "UpdatedAt"] : [])];
  const lasting = (row: Row) =>
    Object.fromEntries(Object.entries(row).filter(([key]) => !passing.includes(key)));
  expect((await lines(...words)).map(lasting)).toEqual((await whole(...words)).map(lasting));
});

test("keys are in the order of the JSON", async () => {
  const [[line], [all]] = [await lines("inspect", "one"), await whole("inspect", "one")];
  expect(JSON.stringify(line)).toBe(JSON.stringify(all));
});

test("ps: as it is, not as it is told to people", async () => {
  const told = await whole("ps", "-a", "--sort", "names");
  const found = await lines("ps", "-a", "--sort", "names", "--no-trunc=false");
  expect(found.map(({ Names }) => Names)).toEqual([["one"], ["two"]]);
  for (const [number, row] of found.entries()) {
    const { Created, ...rest } = told[number] as Row & { Created: number };
    expect(Math.floor(Date.parse(row.Created as string) / 1000)).toBe(Created);
    expect(row).toEqual({ ...rest, Created: row.Created, CreatedAt: "", Status: "" });
  }
  expect(found[0]?.Labels).toEqual({ a: "<&>", b: "1" });
});

test("ps --format json: ports that follow each other are one entry", async () => {
  const [row] = await whole("ps", "-a", "--filter", "name=two");
  expect(row?.Ports).toEqual([
    { host_ip: "", container_port: 3000, host_port: 2000, range: 4, protocol: "tcp" },
  ]);
});

test("images, history: an image and a step", async () => {
  const [image] = await lines("images");
  const [told] = await whole("images");
  const { CreatedAt: _, ...rest } = told as Row;
  expect(image).toEqual({ repository: "localhost/bb", tag: "latest", ...rest, RepoTags: rest.Names });
  const [step] = await lines("history", "bb");
  const [{ Created: __, ...toldStep }] = (await whole("history", "bb")) as [Row];
  expect(step).toEqual(toldStep);
});

test("stats: numbers", async () => {
  const [row] = await lines("stats", "--no-stream", "one");
  expect(row).toMatchObject({ Name: "one", CPU: 0, MemUsage: 0, PIDs: 0, UpTime: 0 });
  expect(row?.ContainerID).toMatch(/^[0-9a-f]{64}$/);
});

test("events: what --format json says", async () => {
  const command = ["events", "--stream=false", "--filter", "container=one"];
  expect(await home.ok(...command, "--format", "{{ json . }}")).toBe(
    await home.ok(...command, "--format", "json"),
  );
});
