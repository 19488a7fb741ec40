import { afterAll, beforeAll, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const stats = (...args: string[]) => home.ok("stats", "--no-stream", ...args);

beforeAll(async () => {
  const busy = ["sh", "-c", "while :; do :; done"];
  await home.ok("run", "-d", "--name", "busy", "--network", "none", "bb", ...busy);
  await home.ok("create", "--name", "idle", "--network", "none", "bb", "true");
});
afterAll(async () => {
  await home.coracle("rm", "-fa", "-t", "0");
});

test("a table of those that run, or of all, or of those named", async () => {
  const [head, ...rows] = (await stats()).split("\n");
  expect(head).toMatch(
    /^ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET IO +BLOCK IO +PIDS +CPU TIME +AVG CPU %$/,
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(
    /^[0-9a-f]{12} +busy +\d+\.\d\d% +\S+ \/ \S+ +\d+\.\d\d% +0B \/ 0B +\S+ \/ \S+ +\d+ +\S+s +/,
  );
  expect((await stats("--all")).split("\n")).toHaveLength(3);
  expect(await stats("--format", "{{.Name}} {{.CPUPerc}} {{.MemUsage}}", "idle")).toBe("idle 0.00% 0B / 0B");
  expect(await stats("--format", "{{.PSI.CPU.Some.Total}} {{.PSI.IO.Full.Avg10}}", "busy")).toMatch(
    /^\d+ \d/,
  );
  expect(await stats("--no-trunc", "--format", "{{.ID}}", "busy")).toMatch(/^[0-9a-f]{64}$/);
});

test("the CPU's time is counted", async (context) => {
  skipUnless(context, hasCgroup());
  const [one] = JSON.parse(await stats("--format", "json", "busy"));
  expect(Object.keys(one)).toEqual([
    ...["id", "name", "cpu_time", "cpu_percent", "avg_cpu", "mem_usage", "mem_percent", "net_io", "block_io"],
    "pids",
  ]);
  expect(Number.parseFloat(one.cpu_percent)).toBeGreaterThan(0);
  const nanoseconds = async () => Number(await stats("--format", "{{.CPUNano}}", "busy"));
  const before = await nanoseconds();
  await expect.poll(nanoseconds).toBeGreaterThan(before);
});

test("its network's bytes are", async (context) => {
  skipUnless(context, hasProgram("slirp4netns"));
  await home.ok("run", "-d", "--name", "net", "--network", "slirp4netns", "bb", "sleep", "1000");
  await home.coracle("exec", "net", "wget", "-T", "1", "-q", "http://10.0.2.2:1/");
  const all = "{{.NetOutput}} {{.Network.tap0.TxBytes}} {{.ContainerStats.Duration}} {{.PerCPU}} {{json .}}";
  const [output, sent, duration, perCpu, json = ""] = (await stats("--format", all, "net")).split(" ");
  expect(Number(output)).toBeGreaterThan(0);
  const { Network, Duration, CPUNano } = JSON.parse(json);
  expect([sent, `${Network.tap0.TxBytes}`, duration, `${CPUNano}`, perCpu]).toEqual([
    output,
    output,
    `${Duration}`,
    `${Duration}`,
    "[]",
  ]);
});

test("goes on until it is ended", async () => {
  const running = home.start(["stats", "--interval", "1", "--format", "{{.Name}}", "busy"]);
  await running.waitForOutput(/busy\nbusy\nbusy\n/);
  running.child.kill("SIGINT");
  await running.done;
});

test("what makes no sense", async () => {
  const refused = async (...args: string[]) => (await home.coracle("stats", "--no-stream", ...args)).stderr;
  expect(await refused("nosuch")).toMatch(
    /^Error: unable to get list of containers: unable to look up container nosuch: no container with name or ID "nosuch" found: no such container/,
  );
  expect(await refused("-a", "busy")).toBe("Error: --all, --latest and containers cannot be used together\n");
  expect(await refused("-i", "0")).toBe("Error: invalid interval, must be a positive number greater zero\n");
});
