import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { splitArgv } from "../../../../src/cli/argv.ts";
import { type RunFlags, runFlags } from "../../../../src/cli/container/flags.ts";
import { attachedStreams, createRequest, discarded } from "../../../../src/cli/container/request.ts";
import { flagSyntax, parseFlags } from "../../../../src/cli/parse-flags.ts";
import { type Configuration, noConfiguration } from "../../../../src/host/config/configuration.ts";

async function parse(argv: string[]) {
  const split = splitArgv(argv, flagSyntax(runFlags), { interspersed: false });
  const { flags, given } = await parseFlags<RunFlags>(split.given, runFlags);
  return { flags, given, args: split.args };
}

const request = (...argv: string[]) => requestWith({}, ...argv);

async function requestWith(configuration: Partial<Configuration>, ...argv: string[]) {
  const { flags, given, args } = await parse(argv);
  return createRequest({
    flags,
    given,
    args,
    commandLine: ["coracle", "run", ...argv],
    configuration: { ...noConfiguration, ...configuration },
  });
}

const config = async (...argv: string[]) => (await request(...argv, "image")).config;

describe("createRequest", () => {
  it("leaves open what the image is to supply, and has Podman's defaults for the rest", async () => {
    expect(await request("image")).toEqual({
      image: "image",
      defaultEnv: {},
      pull: {
        policy: "missing",
        platform: undefined,
        authfile: undefined,
        certDir: undefined,
        creds: undefined,
        retry: undefined,
        retryDelay: undefined,
        tlsVerify: undefined,
        quiet: false,
        onProgress: expect.any(Function),
        onRetry: expect.any(Function),
      },
      name: "",
      replace: false,
      entrypoint: null,
      publishAll: false,
      systemd: "true",
      mergeEnv: [],
      unsetEnv: [],
      unsetEnvAll: false,
      envHost: false,
      httpProxy: true,
      imageVolume: "anonymous",
      seccompPolicy: "default",
      createCommand: ["coracle", "run", "image"],
      pidFile: "",
      conmonPidFile: "",
      cidFile: "",
      onRefusedCapabilities: expect.any(Function),
      config: expect.objectContaining({
        command: [],
        env: {},
        workdir: "",
        user: "",
        stopSignal: 0,
        stopTimeout: 10,
        umask: "0022",
        shmSize: 65536 * 1000,
        terminal: false,
        openStdin: false,
        readOnlyTmpfs: true,
        network: { kind: "slirp4netns", options: [] },
        ipc: { kind: "shareable" },
        pid: { kind: "private" },
        userns: { kind: "host" },
        restart: { name: "no", max: 0 },
        log: { driver: "k8s-file", maxSize: 0, path: "", tag: "" },
        autoRemove: false,
        oomScoreAdj: null,
        passwd: true,
      }),
    });
  });

  it("takes everything after the image for the command, whatever it looks like", async () => {
    const { image, config } = await request(
      "-i",
      "--name",
      "x",
      "alpine",
      "echo",
      "b",
      "a",
      "b",
      "-t",
      "--rm",
      "--",
    );
    expect(image).toBe("alpine");
    expect(config.command).toEqual(["echo", "b", "a", "b", "-t", "--rm", "--"]);
    expect(config).toMatchObject({ openStdin: true, terminal: false, autoRemove: false });
  });

  it.each([
    [["--platform", "linux/arm64"], { platform: "linux/arm64" }],
    [["--platform", "linux/arm", "--variant", "v6", "--arch", ""], { platform: "linux/arm/v6" }],
    [["--platform", "", "--os", ""], { platform: undefined }],
    [["--arch", "arm", "--variant", "v7"], { platform: "linux/arm/v7" }],
    [
      ["--pull", "Always", "--quiet", "--tls-verify=false"],
      { policy: "always", quiet: true, tlsVerify: false },
    ],
  ])("pulls as %j says", async (argv, expected) => {
    expect((await request(...argv, "image")).pull).toMatchObject(expected);
  });

  it("takes a directory for the root file system with --rootfs", async () => {
    const { image, config } = await request("--rootfs", "./tree", "sh");
    expect(image).toBeNull();
    expect(config).toMatchObject({ rootfs: join(process.cwd(), "tree"), command: ["sh"] });
    expect(config).not.toHaveProperty("rootfsOverlay");
    expect((await request("--rootfs", "/a:b:O", "sh")).config).toMatchObject({
      rootfs: "/a:b",
      rootfsOverlay: true,
    });
    expect((await request("--rootfs", "/a:o", "sh")).config.rootfs).toBe("/a:o");
    await expect(request("--rootfs", "/a:idmap=uids=0-1-1", "sh")).rejects.toThrow(
      "--rootfs with the option idmap=uids=0-1-1 is not supported yet",
    );
  });

  it.each([
    [["-e", "A=1,2", "-e", "B="], { env: { A: "1,2", B: "" } }],
    [["-it"], { openStdin: true, terminal: true }],
    [["-u", "1000:1000", "--group-add", "a,b"], { user: "1000:1000", groups: ["a", "b"] }],
    [["-l", "a=b,c", "--label", "d"], { labels: { a: "b,c", d: "" } }],
    [["--annotation", "x=y,z=1"], { annotations: { x: "y,z=1" } }],
    [["--log-opt", "tag=a,b"], { log: expect.objectContaining({ tag: "a,b" }) }],
    [["--log-opt", "path=a.log"], { log: expect.objectContaining({ path: `${process.cwd()}/a.log` }) }],
    [["--chrootdirs", "/a,b"], { chrootDirs: ["/a,b"] }],
    [["--stop-signal", "KILL", "--stop-timeout", "3"], { stopSignal: 9, stopTimeout: 3 }],
    [["--cap-add", "net_admin", "--cap-drop", "ALL"], { capAdd: ["CAP_NET_ADMIN"], capDrop: ["ALL"] }],
    [
      ["--security-opt", "seccomp=unconfined"],
      { security: expect.objectContaining({ seccomp: "unconfined" }) },
    ],
    [["--ulimit", "nofile=10:20"], { ulimits: [{ name: "nofile", soft: 10, hard: 20 }] }],
    [["--sysctl", "net.core.somaxconn=5"], { sysctls: { "net.core.somaxconn": "5" } }],
    [["--shm-size", "1m"], { shmSize: 1 << 20 }],
    [["--tmpfs", "/t:size=1m"], { mounts: [expect.objectContaining({ type: "tmpfs", destination: "/t" })] }],
    [
      ["-v", "./a:/b:ro"],
      { mounts: [expect.objectContaining({ type: "bind", source: join(process.cwd(), "a") })] },
    ],
    [
      ["--device", "/dev/fuse:rw"],
      { devices: [{ hostPath: "/dev/fuse", containerPath: "/dev/fuse", permissions: "rw" }] },
    ],
    [["-p", "8080:80/udp"], { ports: [{ hostIp: "", hostPort: 8080, containerPort: 80, protocol: "udp" }] }],
    [["--expose", "80-81"], { exposed: ["80/tcp", "81/tcp"] }],
    [["--net=host"], { network: { kind: "host" } }],
    [["--network", "container:x"], { network: { kind: "container", id: "x" } }],
    [["--userns=keep-id"], { userns: { kind: "keep-id" } }],
    [
      ["--pid=host", "--uts=host", "--ipc=host"],
      { pid: { kind: "host" }, uts: { kind: "host" }, ipc: { kind: "host" } },
    ],
    [
      ["-h", "box", "--dns", "1.1.1.1", "--add-host", "a:1.2.3.4"],
      { hostname: "box", dns: ["1.1.1.1"], addHosts: ["a:1.2.3.4"] },
    ],
    [["--restart", "on-failure:3"], { restart: { name: "on-failure", max: 3 } }],
    [["--log-driver", "none"], { log: expect.objectContaining({ driver: "none" }) }],
    [["--init", "--init-path", "/init"], { init: true, initPath: "/init" }],
    [["--init-path", "/init"], { init: false }],
    [["--cgroups", ""], { cgroups: "enabled" }],
    [["--chrootdirs", "a/../b/"], { chrootDirs: ["/b"] }],
    [["--oom-score-adj", "-5"], { oomScoreAdj: -5 }],
    [["--cgroups=no-conmon"], { cgroups: "no-conmon" }],
  ])("%j", async (argv, expected) => {
    expect(await config(...argv)).toMatchObject(expected);
  });

  it.each([
    [["-m", "64m"], { memory: 64 << 20, memorySwap: 0 }],
    [["-m", "64m", "--memory-swap", "-1"], { memorySwap: -1 }],
    [["--cpus", "1.5"], { cpuQuota: 150_000, cpuPeriod: 100_000 }],
    [["--cpu-quota", "5000"], { cpuQuota: 5000, cpuPeriod: 0 }],
    [["-c", "512", "--cpuset-cpus", "0-1"], { cpuShares: 512, cpusetCpus: "0-1" }],
    [["--pids-limit=-1"], { pidsLimit: -1 }],
    [["--pids-limit=0"], { pidsLimit: -1 }],
    [["--blkio-weight", "100"], { blkioWeight: 100 }],
    [["--blkio-weight", "0"], { blkioWeight: 0 }],
    [["--cpu-quota", "-1"], { cpuQuota: 0 }],
    [["--memory-swappiness", "0"], { memorySwappiness: 0 }],
    [["--cgroup-conf", "memory.high=1000"], { unified: { "memory.high": "1000" } }],
  ])("limits: %j", async (argv, expected) => {
    expect((await config(...argv)).resources).toMatchObject(expected);
  });

  it.each([
    ["", [""]],
    ["/bin/sh", ["/bin/sh"]],
    ['["/bin/sh","-c"]', ["/bin/sh", "-c"]],
    ['[""]', [""]],
    ["[]", []],
    ["[not json", ["[not json"]],
  ])("--entrypoint %s", async (text, expected) => {
    expect((await request("--entrypoint", text, "image")).entrypoint).toEqual(expected);
  });

  it.each([
    [["--network", "none", "-p", "80:80"], "none"],
    [["--network", "host", "-p", "80:80"], "host"],
    [["--network", "container:x", "-p", "80:80"], "container"],
    [["--network", "ns:/x", "-p", "80:80"], "path"],
    [["--network", "host"], undefined],
    [["-p", "80:80"], undefined],
  ])("%j: tells of ports that are discarded", async (argv, mode) => {
    const text = `Port mappings have been discarded because "${mode}" network namespace mode does not support them`;
    const { flags } = await parse([...argv, "image"]);
    expect(discarded(flags, await config(...argv))).toEqual(mode ? [text] : []);
  });

  it("tells of limits that only cgroup v1 has", async () => {
    const argv = ["--cpu-rt-period", "1000", "--cpu-rt-runtime", "1000"];
    const { flags } = await parse([...argv, "image"]);
    expect(discarded(flags, await config(...argv))).toEqual([
      "Realtime period not supported on cgroups V2 systems",
      "Realtime runtime not supported on cgroups V2 systems",
    ]);
  });

  it("keeps some flags as annotations", async () => {
    const kept = ["--cidfile", "/f", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "-1"];
    const more = [
      "--userns",
      "keep-id",
      "--volumes-from",
      "a:ro",
      "--volumes-from",
      "b",
      "-P",
      "--annotation",
      "x=y",
    ];
    expect((await config(...kept, ...more)).annotations).toEqual({
      x: "y",
      "io.podman.annotations.cid-file": "/f",
      "io.podman.annotations.cpuset": "0",
      "io.podman.annotations.memory-nodes": "0",
      "io.podman.annotations.pids-limit": "-1",
      "io.podman.annotations.publish-all": "TRUE",
      "io.podman.annotations.userns": "keep-id",
      "io.podman.annotations.volumes-from": "a:ro;b",
    });
    expect((await config()).annotations).toEqual({});
  });

  it("starts a container again that fails and goes when it has ended", async () => {
    expect(await config("--rm", "--restart", "on-failure")).toMatchObject({
      autoRemove: true,
      restart: { name: "on-failure" },
    });
  });

  it("reads the files that flags name; flags count more", async () => {
    const directory = mkdtempSync(join(tmpdir(), "coracle-flags-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const env = join(directory, "env,1");
    writeFileSync(env, "# comment\nA=file\nB=file\n");
    const labels = join(directory, "labels,1");
    writeFileSync(labels, "a=file\nb=file\n");
    const result = await config("--env-file", env, "-e", "A=flag", "--label-file", labels, "-l", "a=flag");
    expect(result.env).toEqual({ A: "flag", B: "file" });
    expect(result.labels).toEqual({ a: "flag", b: "file" });
  });

  it.each([
    [
      ["--rm", "--restart", "always"],
      'the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"',
    ],
    [["--rm", "--restart", "nosuch"], "the --rm option conflicts with --restart"],
    [["--network", "none", "--dns", "1.1.1.1"], "conflicting options: dns and the network mode: none"],
    [
      ["--network", "container:x", "--dns-search", "x"],
      "conflicting options: dns and the network mode: container",
    ],
    [["--cap-add", "kill", "--cap-drop", "kill"], 'capability "CAP_KILL" cannot be dropped and added'],
    [["--oom-score-adj", "1001"], "--oom-score-adj 1001 is not between -1000 and 1000"],
    [["--label-file", "/nosuch"], "unable to process labels: open /nosuch: no such file or directory"],
    [["--env-file", "/nosuch"], 'parsing file "/nosuch": open /nosuch: no such file or directory'],
    [["--replace"], "cannot replace container without --name being set"],
    [["--cpus", "1", "--cpu-quota", "1"], "--cpu-quota and --cpus cannot be set together"],
    [["--cpus", "1", "--cpu-period", "1"], "--cpu-period and --cpus cannot be set together"],
    [
      ["--platform", "linux/amd64", "--arch", "arm64"],
      "--platform option can not be specified with --arch or --os",
    ],
    [["--no-hosts", "--add-host", "a:1.1.1.1"], "--no-hosts and --add-host cannot be set together"],
    [
      ["--network", "container:x", "--add-host", "a:1.1.1.1"],
      "cannot set extra host entries when the container is joined to another containers network namespace: invalid configuration",
    ],
    [["--memory", "foo"], "invalid value for memory: invalid size: 'foo'"],
    [
      ["-m", "10m", "--memory-swap", "1"],
      "minimum memoryswap limit should be larger than memory limit, see usage",
    ],
    [["--systemd=foo"], '--systemd values must be one of "true, false, always"'],
    [["--cgroups=foo"], 'invalid cgroup mode "foo": invalid argument'],
    [["--pull=foo"], 'unsupported pull policy "foo"'],
    [["--env-file", "/nowhere"], "open /nowhere: no such file or directory"],
    [["--stop-signal", "foo"], "invalid signal: foo"],
    [["--blkio-weight", "5"], "invalid value for blkio-weight"],
    [["--init", "--pid", "host"], "cannot add init binary as PID 1 (PID namespace isn't private)"],
    [["--init", "--systemd", "always"], "cannot use container-init binary with systemd=always"],
    [
      ["--network", "none", "--ip", "10.0.0.2"],
      "--ip can only be set when the network mode is bridge: invalid argument",
    ],
    [
      ["--network", "a", "--network", "b", "--mac-address", "92:d0:c6:0a:29:33"],
      "--mac-address can only be set for a single network: invalid argument",
    ],
    [["--dns-search", "a b"], "a b is not a valid domain"],
    [
      ["--blkio-weight", "x"],
      'invalid value for blkio-weight: strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [["--memory-reservation", "x"], "invalid value for memory: invalid size: 'x'"],
    [["--memory-swap", "x"], "invalid value for memory: invalid size: 'x'"],
    [["--seccomp-policy", "x"], 'invalid seccomp policy "x": valid policies are ["default" "image"]'],
    [
      ["--network", "none", "--ip6", "fd00::1"],
      "--ip6 can only be set when the network mode is bridge: invalid argument",
    ],
    [["--mac-address", "92:d0:c6:0a:29:33"], "static ip/mac address can only be used with Bridge mode"],
    [
      ["--network", "a", "--network", "b", "--ip", "10.0.0.5"],
      "--ip can only be set for a single network: invalid argument",
    ],
    [["--ipc", "host", "--shm-size", "1m"], "cannot set shmsize when running in the {host } IPC Namespace"],
    [["--ipc", "none", "--shm-size", "1m"], "cannot set shmsize when running in the {none } IPC Namespace"],
    [
      ["--uts", "container:x", "--hostname", "h"],
      "cannot set hostname when running in the host UTS namespace",
    ],
    [["--dns", "none,1.1.1.1"], "none is not allowed to be specified with other DNS ip addresses"],
    [
      ["--dns", "none", "--dns-search", "x"],
      "UseImageResolvConf and DNSSearch are mutually exclusive options: invalid configuration",
    ],
    [
      ["--dns", "none", "--dns-option", "x"],
      "UseImageResolvConf and DNSOption are mutually exclusive options: invalid configuration",
    ],
    [["--pod", "x"], "--pod is not supported yet"],
    [["--image-volume", "foo"], "invalid image volume mode"],
    [["--mount", "src=v,dst=/d,volume-label=x"], "the --volume-label option is not presently implemented"],
    [["--group-add", "keep-groups", "--group-add", "a"], "is not allowed with any other --group-add options"],
    [
      ["--network", "host", "--sysctl", "net.core.somaxconn=5"],
      "sysctl net.core.somaxconn=5 can't be set since Network Namespace set to host",
    ],
  ])("refuses %j", async (argv, message) => {
    await expect(request(...argv, "image")).rejects.toThrow(message);
  });
});

describe("attachedStreams", () => {
  const streams = async (...argv: string[]) => {
    const { flags, given } = await parse([...argv, "image"]);
    return attachedStreams(flags, given);
  };

  it("has output, and input with --interactive", async () => {
    expect(await streams()).toEqual(["stdout", "stderr"]);
    expect(await streams("-i")).toEqual(["stdin", "stdout", "stderr"]);
  });

  it("has what --attach says", async () => {
    expect(await streams("-a", "stderr")).toEqual(["stderr"]);
    expect(await streams("-a", "STDIN,stdout")).toEqual(["stdin", "stdout"]);
    expect(await streams("-i", "-a", "stdout")).toEqual(["stdin", "stdout"]);
    expect(await streams("-a", "")).toEqual([]);
    await expect(streams("-a", "foo")).rejects.toThrow('invalid stream "foo" for --attach');
  });
});

describe("containers.conf", () => {
  const containers = {
    default_ulimits: ["nofile=10:20", "core=5"],
    netns: "bridge",
    tz: "UTC",
    log_path: "/x.log",
    log_size_max: 9000,
    env: ["CORACLE_N*", "A=1"],
  };
  const configured = async (...argv: string[]) =>
    (await requestWith({ containers, network: { default_network: "net1" } }, ...argv, "image")).config;

  it("is what counts where no flag does", async () => {
    const config = await configured("-p", "80:80", "--tz", "");
    expect(config).toMatchObject({ timezone: "UTC", log: { path: "/x.log", maxSize: 9000 } });
    expect(config.network).toMatchObject({ kind: "bridge", networks: [{ name: "net1" }] });
    expect(config.ulimits.map(({ name }) => name)).toEqual(["nofile", "core"]);
  });

  it("gives way to flags, limits all together", async () => {
    const flags = [
      "--ulimit",
      "nofile=3:4",
      "--tz",
      "local",
      "--network",
      "none",
      "--log-opt",
      "path=/y.log",
    ];
    const config = await configured(...flags);
    expect(config).toMatchObject({ timezone: "local", network: { kind: "none" }, log: { path: "/y.log" } });
    expect(config.ulimits).toEqual([{ name: "nofile", soft: 3, hard: 4 }]);
  });

  it.each([
    [[], ["net.a", "fs.mqueue.b", "kernel.domainname"]],
    [
      ["--network", "host"],
      ["fs.mqueue.b", "kernel.domainname"],
    ],
    [
      ["--network", "container:x"],
      ["fs.mqueue.b", "kernel.domainname"],
    ],
    [["--ipc", "container:x", "--uts", "container:x"], ["net.a"]],
  ])("sets no sysctls in namespaces of others: %j", async (flags, names) => {
    const default_sysctls = ["net.a=1", "fs.mqueue.b=2", "kernel.domainname=c"];
    const { config } = await requestWith({ containers: { default_sysctls } }, ...flags, "i");
    expect(Object.keys(config.sysctls)).toEqual(names);
  });

  it("knows a destination in another spelling, and says where a wrong variable stands", async () => {
    const volumes = (
      await requestWith({ containers: { volumes: ["/a:/v/", "/b:/w"] } }, "-v", "/etc:/v", "i")
    ).config.mounts;
    expect(volumes.map(({ destination }) => destination)).toEqual(["/w", "/v"]);
    const configured = ["type=tmpfs,dst=/t/", "type=tmpfs,dst=/u"];
    const request = await requestWith({ containers: { mounts: configured } }, "--mount", "src=v,dst=/t", "i");
    expect(request.config.mounts.map(({ type, destination }) => `${type} ${destination}`)).toEqual([
      "tmpfs /u",
      "volume /t",
    ]);
    await expect(requestWith({ containers: { env: ["=x"] } }, "i")).rejects.toThrow(
      /^parsing fields in containers\.conf: invalid .*variable: "=x"$/,
    );
  });

  it("doesn't let the launcher's variables in", async () => {
    process.env.CORACLE_NS = "shared";
    onTestFinished(() => {
      delete process.env.CORACLE_NS;
    });
    expect((await requestWith({ containers }, "image")).defaultEnv).toEqual({ A: "1" });
  });
});
