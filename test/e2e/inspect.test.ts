/** inspect, top, port: what is told of one container. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });
let id = "";

beforeAll(async () => {
  id = await home.ok(
    ...[
      "run",
      "-d",
      "--name",
      "c",
      "--network",
      "none",
      "-e",
      "A=1",
      "-l",
      "k=v",
      "-h",
      "box",
      "-u",
      "guest",
      "-w",
      "/tmp",
    ],
    ...["-v", "vol:/vol:ro", "--tmpfs", "/scratch", "--stop-timeout", "3", "--restart", "on-failure:4"],
    ...["bb", "sh", "-c", "sleep 1000 & wait"],
  );
});
afterAll(async () => {
  await home.coracle("rm", "-a", "-f", "-t", "0");
});

describe("inspect", () => {
  test("has Podman's keys", async () => {
    const [container] = JSON.parse(await home.ok("inspect", "c"));
    expect(container).toMatchObject({
      Id: id,
      Name: "c",
      Created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      Path: "sh",
      Args: ["-c", "sleep 1000 & wait"],
      ImageName: "localhost/bb:latest",
      Image: expect.stringMatching(/^[0-9a-f]{64}$/),
      RestartCount: 0,
      Driver: "overlay",
      State: {
        Status: "running",
        Running: true,
        Paused: false,
        OOMKilled: false,
        ExitCode: 0,
        Pid: expect.any(Number),
        StartedAt: expect.stringMatching(/^\d{4}-/),
      },
      Config: {
        Hostname: "box",
        User: "guest",
        WorkingDir: "/tmp",
        Labels: { k: "v" },
        Cmd: ["sh", "-c", "sleep 1000 & wait"],
        Env: expect.arrayContaining(["A=1"]),
        StopTimeout: 3,
        Tty: false,
        CreateCommand: expect.arrayContaining(["run", "--name", "c"]),
      },
      HostConfig: {
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 4 },
        NetworkMode: "none",
        AutoRemove: false,
      },
    });
    expect(container.NetworkSettings.SandboxKey).toBe(`/proc/${container.State.Pid}/ns/net`);
    expect(container.Mounts).toContainEqual(
      expect.objectContaining({ Type: "volume", Name: "vol", Destination: "/vol", RW: false }),
    );
  });

  test.each([
    ["{{.State.Status}}", "running"],
    ['{{.Config.Labels.k}} {{index .Config.Labels "k"}}', "v v"],
    ["{{json .Config.Cmd}}", '["sh","-c","sleep 1000 & wait"]'],
    ["{{range .Mounts}}{{.Destination}};{{end}}", "/vol;"],
    ["{{len .Config.Cmd}} {{if .State.Running}}yes{{else}}no{{end}}", "3 yes"],
    ["{{.Name}}\\t{{.HostConfig.RestartPolicy.Name}}", "c\ton-failure"],
  ])("--format %s", async (format, expected) => {
    expect(await home.ok("inspect", "--format", format, "c")).toBe(expected);
  });

  test("knows of a container that was never started what it will be", async () => {
    await home.ok(
      ...["create", "--name", "planned", "--network", "none", "--read-only", "--cap-add", "SYS_ADMIN"],
      ...[
        "--cap-drop",
        "CHOWN,KILL",
        "--security-opt",
        "no-new-privileges",
        "--security-opt",
        "seccomp=unconfined",
      ],
      ...["--security-opt", "label=disable", "--tmpfs", "/b:size=1m", "--tmpfs", "/a:ro", "--expose", "99"],
      ...[
        "-v",
        "/etc:/etc2:ro,rslave",
        "-v",
        "pv:/pv:z,U",
        "--ulimit",
        "nproc=5:6",
        "--ulimit",
        "core=0:-1",
        "--userns",
        "keep-id",
      ],
      ...["--entrypoint", "/bin/echo", "--stop-signal", "HUP", "--group-add", "staff", "bb"],
    );
    const [container] = JSON.parse(await home.ok("inspect", "planned"));
    expect(container).toMatchObject({
      Path: "/bin/echo",
      Args: ["/bin/echo"],
      BoundingCaps: expect.arrayContaining(["CAP_SYS_ADMIN", "CAP_SETUID"]),
      Mounts: [
        { Type: "volume", Mode: "z", Options: ["U", "nosuid", "nodev", "rbind"], RW: true },
        { Type: "bind", Mode: "", Options: ["rbind"], RW: false, Propagation: "rslave" },
      ],
      NetworkSettings: { Networks: { none: { NetworkID: "none", IPAddress: "" } } },
      Config: {
        Entrypoint: ["/bin/echo"],
        StopSignal: "SIGHUP",
        User: `${process.getuid?.()}:${process.getgid?.()}`,
        ExposedPorts: { "99/tcp": {} },
        Labels: null,
      },
      HostConfig: {
        Binds: ["pv:/pv:z,U,rw,rprivate,nosuid,nodev,rbind", "/etc:/etc2:ro,rslave,rbind"],
        CapAdd: ["CAP_SYS_ADMIN"],
        CapDrop: ["CAP_CHOWN", "CAP_KILL"],
        PortBindings: {},
        SecurityOpt: ["no-new-privileges", "label=disable", "seccomp=unconfined"],
        UsernsMode: "private",
        ShmSize: 65_536_000,
        Ulimits: expect.arrayContaining([
          { Name: "RLIMIT_CORE", Soft: 0, Hard: -1 },
          { Name: "RLIMIT_NPROC", Soft: 5, Hard: 6 },
        ]),
      },
    });
    expect(Object.entries(container.HostConfig.Tmpfs)).toEqual([
      ["/a", "ro,rprivate,nosuid,nodev,tmpcopyup"],
      ["/b", "size=1m,rw,rprivate,nosuid,nodev,tmpcopyup"],
      ...["/run", "/tmp", "/var/tmp"].map((path) => [path, "rw,rprivate,nosuid,nodev,tmpcopyup"]),
    ]);
    await home.ok("rm", "-v", "planned");
  });

  test("has null where Go has an empty list of capabilities", async () => {
    await home.ok("create", "--name", "none", "--cap-drop", "all", "bb", "true");
    expect(await home.ok("inspect", "-f", "{{json .EffectiveCaps}} {{json .BoundingCaps}}", "none")).toBe(
      "null null",
    );
    await home.ok("rm", "none");
  });

  test("by id, prefix, several, of a type", async () => {
    expect(await home.ok("inspect", "-f", "{{.Name}}", id, id.slice(0, 6))).toBe("c\nc");
    expect(await home.ok("container", "inspect", "-f", "{{.Name}}", "c")).toBe("c");
    expect(JSON.parse(await home.ok("inspect", "bb"))[0]).toHaveProperty("RepoTags");
    expect(JSON.parse(await home.ok("inspect", "--type", "volume", "vol"))[0]).toMatchObject({ Name: "vol" });
  });

  test("of what isn't there: 125, what is there is shown all the same", async () => {
    const result = await home.coracle("inspect", "-f", "{{.Name}}", "nosuch", "c");
    expect(result).toMatchObject({ exitCode: 125, stdout: "c\n" });
    expect(result.stderr).toMatch(/^Error: .*nosuch.*\n$/);
    const several = await home.coracle("inspect", "-f", "{{.Name}}", "no1", "c", "no2");
    expect(several).toMatchObject({ exitCode: 125, stdout: "c\n" });
    expect(several.stderr).toMatch(
      /^error inspecting object: no such object: "no2".*\nError: inspecting object: no such object: "no1".*\n$/,
    );
    expect(await home.coracle("inspect", "--type", "nosuch", "c")).toMatchObject({ exitCode: 125 });
  });
});

describe("top", () => {
  test("shows the container's processes with its names", async () => {
    const [header, ...rows] = (await home.ok("top", "c")).split("\n");
    expect(header).toMatch(/^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND$/);
    expect(rows[0]).toMatch(/^guest +1 +0 +.*sh -c sleep 1000 & wait $/);
    expect(rows[1]).toMatch(/^guest +2 +1 +.*sleep 1000 $/);
  });

  test("with chosen columns", async () => {
    expect(await home.ok("top", "c", "pid", "comm")).toMatch(/^PID +COMMAND\n1 +sh\n2 +sleep$/);
    const host = Number((await home.ok("top", "c", "hpid")).split("\n")[1]);
    expect(readFileSync(`/proc/${host}/comm`, "utf8")).toBe("sh\n");
    expect(
      (
        await home.ok("top", "c", "user", "huser", "capeff", "capbnd", "groups", "state", "seccomp", "stime")
      ).split("\n")[1],
    ).toMatch(
      /^guest +\d{5,} +none +CHOWN,DAC_OVERRIDE,.*SETUID,SYS_CHROOT +staff,guest +S +filter +20\d\d-.* UTC$/,
    );
    expect(await home.ok("top", "c", "uid,ruser,rgroup,label")).toMatch(
      /^UID +RUSER +RGROUP +LABEL\n1000 +guest +guest +\S+/,
    );
  });

  test("one without further groups has none", async () => {
    await home.ok("run", "-d", "--name", "alone", "--network", "none", "bb", "sleep", "1000");
    expect((await home.ok("top", "alone", "pid", "groups", "hgroups")).split("\n")[1]?.trim()).toBe("1");
    await home.ok("rm", "-f", "-t", "0", "alone");
  });

  test("runs the host's ps for anything else", async () => {
    expect(await home.ok("top", "c", "-eo", "pid,comm")).toMatch(/^ +PID COMMAND\n +1 sh\n +2 sleep\n/);
    expect(await home.ok("top", "c", "-eo pid,args")).not.toContain("ps -eo");
    const bad = await home.coracle("top", "c", "-o", "nosuch");
    expect(bad).toMatchObject({ exitCode: 125, stdout: "" });
    expect(bad.stderr).toMatch(/^Error: ps\(1\) failed with exit code 1: .*nosuch/);
  });

  test("of one that doesn't run is an error", async () => {
    await home.ok("create", "--name", "idle", "bb");
    const result = await home.coracle("top", "idle");
    expect(result.exitCode).toBe(125);
    expect(result.stderr).toMatch(/^Error: .*running.*\n$/);
    await home.ok("rm", "idle");
  });
});

describe("container exists and diff of names", () => {
  test("0 and 1", async () => {
    expect(await home.coracle("container", "exists", "c")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(await home.coracle("container", "exists", "nosuch")).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: "",
    });
  });
});

test("a container's health is nil where nothing is checked, and its addresses are Docker's", async () => {
  const id = await home.ok("create", "--network", "slirp4netns", "-p", "8084:80", "bb", "true");
  expect(await home.ok("inspect", "-f", "{{.State.Health}}|{{if .State.Health}}yes{{end}}", id)).toBe(
    "<nil>|",
  );
  const [{ State, HostConfig }] = JSON.parse(await home.ok("inspect", id));
  expect(State).not.toHaveProperty("Health");
  const ports = { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8084" }] };
  expect(HostConfig.PortBindings).toEqual(ports);
  const joined = await home.ok("create", "--network", `container:${id}`, "bb", "true");
  for (const one of [id, joined]) {
    expect(JSON.parse(await home.ok("inspect", "-f", "{{json .NetworkSettings.Ports}}", one))).toEqual(ports);
    const shown = await home.ok("ps", "-a", "--filter", `id=${one}`, "--format", "{{.Ports}}");
    expect(shown).toBe("0.0.0.0:8084->80/tcp");
  }
  await home.ok("rm", joined, id);
});

test("what failed at the start is told as it was told then; --rm removes it", async () => {
  const id = await home.ok("create", "--network", "none", "bb", "nosuch");
  const words = "OCI runtime attempted to invoke a command that was not found";
  expect((await home.coracle("start", id)).stderr).toContain(words);
  expect(await home.ok("inspect", "-f", "{{.State.Error}}", id)).toContain(words);
  await home.ok("rm", id);
  for (const flags of [[], ["--attach"]]) {
    const removed = await home.ok("create", "--rm", "--network", "none", "bb", "nosuch");
    expect(await home.coracle("start", ...flags, removed)).toMatchObject({ exitCode: 125 });
    expect((await home.coracle("container", "exists", removed)).exitCode).toBe(1);
  }
});

test.each([
  [["noSuchThing"], /no such object: "noSuchThing"/],
  [["--type", "pod", "x"], /no such pod x/],
])("%j is not there", async (args, message) => {
  const { exitCode, stdout, stderr } = await home.coracle("inspect", ...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: "[]\n" });
  expect(stderr).toMatch(message);
});
