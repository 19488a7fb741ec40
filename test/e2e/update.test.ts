import { afterEach, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";
import { hasCgroup, hasProgram, skipUnless } from "../support/requirements.ts";

const home = useHome({ image: true });
const quiet = ["--network", "none"];
const sleeper = ["bb", "sleep", "1000"];
const shown = (name: string, format: string) => home.ok("inspect", name, "--format", format);

afterEach(async () => {
  await home.ok("rm", "-fa", "-t", "0");
});

test("a container that doesn't run", async () => {
  const id = await home.ok("create", "--name", "c", "-e", "A=1", "-e", "B=2", ...quiet, ...sleeper);
  const limits = ["--cpus", "1.5", "--memory", "20m", "--pids-limit", "7", "--cpuset-cpus", "0"];
  const more = ["--restart", "on-failure:3", "-e", "A=3", "--unsetenv", "B"];
  expect(await home.ok("update", ...limits, ...more, "c")).toBe(id);
  const host =
    "{{.HostConfig.CpuQuota}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpusetCpus}}";
  expect(await shown("c", host)).toBe("150000 20971520 7 0");
  expect(await shown("c", "{{.HostConfig.RestartPolicy}} {{.Config.Env}}")).toMatch(
    /^{on-failure 3} \[.*A=3.*\]$/,
  );
  expect(await shown("c", "{{.Config.Env}}")).not.toContain("B=");
  await home.ok("container", "update", "--pids-limit", "9", "c");
  expect(await shown("c", host)).toBe("150000 20971520 9 0");
});

describe.each([[], ["--runtime", "crun"]])("a running container %s %s", (...runtime) => {
  test("limits are set, or the controller that is missing is named and nothing changes", async (context) => {
    skipUnless(context, hasCgroup(), runtime.length > 0 ? hasProgram("crun") : undefined);
    await home.ok("run", "-d", "--name", "c", ...runtime, ...quiet, ...sleeper);
    const { exitCode, stderr } = await home.coracle("update", "--pids-limit", "50", "c");
    if (exitCode === 0) {
      expect(await home.ok("exec", "c", "cat", "/sys/fs/cgroup/pids.max")).toBe("50");
    } else {
      expect(stderr).toMatch(
        /^Error: the limits of container .*: the cgroup controller pids is not available here; delegate it/,
      );
      expect(await shown("c", "{{.HostConfig.PidsLimit}}")).toBe("0");
    }
    await home.ok("update", "--pids-limit", "-1", "c");
  });
});

test("its environment is that of what is executed next", async () => {
  await home.ok("run", "-d", "--name", "c", "-e", "OLD=1", ...quiet, ...sleeper);
  await home.ok("update", "-e", "NEW=2", "--unsetenv", "OLD", "c");
  const env = (await home.ok("exec", "c", "env")).split("\n");
  expect(env).toContain("NEW=2");
  expect(env).not.toContain("OLD=1");
});

test("its ulimits are those of what is executed next, and of its next start", async () => {
  const script = "ulimit -n; exec sleep 1000";
  await home.ok("run", "-d", "--name", "c", "--ulimit", "core=0", ...quiet, "bb", "sh", "-c", script);
  await home.ok("update", "--ulimit", "nofile=200:300,nproc=1000", "c");
  expect(await home.ok("exec", "c", "sh", "-c", "ulimit -n; ulimit -Hn")).toBe("200\n300");
  await home.ok("restart", "-t", "0", "c");
  const last = async () => (await home.ok("logs", "c")).split("\n").at(-1);
  await expect.poll(last, { timeout: 10_000 }).toBe("200");
  const limits = await shown("c", "{{range .HostConfig.Ulimits}}{{.Name}}={{.Soft}} {{end}}");
  expect(limits).toBe("RLIMIT_NOFILE=200 RLIMIT_NPROC=1000 ");
});

test("its restart policy counts for its next end", async () => {
  const script = "while [ ! -e /end ]; do sleep 0.1; done; exit 3";
  await home.ok("run", "-d", "--name", "c", ...quiet, "bb", "sh", "-c", script);
  await home.ok("update", "--restart", "on-failure:1", "c");
  await home.ok("exec", "c", "touch", "/end");
  await expect
    .poll(() => shown("c", "{{.RestartCount}} {{.State.Status}}"), { timeout: 10_000 })
    .toBe("1 exited");
});

test("its checks are others, none, and others again", async () => {
  await home.ok("run", "-d", "--name", "c", ...quiet, ...sleeper);
  const status = () => shown("c", "{{.State.Health.Status}}");
  const check = ["--health-cmd", "test -e /ok", "--health-interval", "500ms", "--health-retries", "1"];
  await home.ok("update", ...check, "c");
  await expect.poll(status, { timeout: 10_000 }).toBe("unhealthy");
  await home.ok("exec", "c", "touch", "/ok");
  await expect.poll(status, { timeout: 10_000 }).toBe("healthy");
  await home.ok("update", "--health-cmd", "false", "c");
  await expect.poll(status, { timeout: 10_000 }).toBe("unhealthy");
  await home.ok("update", "--no-healthcheck", "c");
  expect(await status()).toBe("");
  expect((await home.coracle("update", "--health-retries", "2", "c")).stderr).toMatch(
    /^Error: healthcheck command is not set; give --health-cmd$/m,
  );
});

test("what makes no sense changes nothing", async () => {
  await home.ok("create", "--name", "c", ...quiet, ...sleeper);
  await home.ok("create", "--name", "once", "--rm", ...quiet, ...sleeper);
  const refused = async (...args: string[]) => (await home.coracle("update", ...args)).stderr;
  expect(await refused()).toBe("Error: accepts 1 arg(s), received 0\n");
  expect(await refused("nosuch")).toMatch(/no container with name or ID "nosuch" found: no such container/);
  expect(await refused("--memory", "foo", "c")).toBe(
    "Error: invalid value for memory: invalid size: 'foo'\n",
  );
  expect(await refused("--device-read-bps", "/dev/zero:10mb", "c")).toBe(
    "Error: /dev/zero: not a block device\n",
  );
  expect(await refused("--cpus", "1", "--cpu-quota", "5", "c")).toMatch(/cannot be set together/);
  expect(await refused("--ulimit", "foo=1", "c")).toMatch(/invalid ulimit type: foo/);
  expect(await refused("--restart", "always", "once")).toMatch(/the --rm option conflicts with --restart/);
  expect(await shown("c", "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}")).toBe("0 0");
});
