/** containers.conf, storage.conf, hooks and the global flags that stand for them. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { useHome } from "../support/home.ts";

const home = useHome({ image: true });

function write(name: string, text: string): string {
  const file = join(home.directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const withConf = (text: string, ...args: string[]) =>
  home.run(args, { env: { CONTAINERS_CONF: write("test.conf", text) } });

describe("containers.conf", () => {
  test("[containers] is what a container is like unless flags say otherwise", async () => {
    const conf = `[containers]
env = ["FOO=bar", "HOME=/conf"]
umask = "0077"
shm_size = "1m"
read_only = true
default_capabilities = ["CHOWN", "KILL"]
default_ulimits = ["nofile=100:200"]
default_sysctls = ["net.ipv4.ip_unprivileged_port_start=5"]
volumes = ["/etc/hostname:/hh:ro"]
netns = "none"
annotations = ["a.b=c"]
log_driver = "json-file"
[engine]
stop_timeout = 3
events_logger = "none"`;
    const script =
      "echo $FOO; umask; df -k /dev/shm | awk 'END {print $2}'; grep CapBnd /proc/self/status; ulimit -n; ls /hh; ls /sys/class/net; touch /x || echo ro";
    const { stdout } = await withConf(conf, "run", "--rm", "bb", "sh", "-c", script);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.trim()),
    ).toEqual([...["bar", "0077", "980", "CapBnd:\t0000000000000021", "100", "/hh", "lo", "ro"]]);
    const flags = [
      "-e",
      "FOO=x",
      "--umask",
      "022",
      "--read-only=false",
      "--network",
      "host",
      "-v",
      "/etc:/hh",
    ];
    const over = await withConf(
      conf,
      "run",
      "--rm",
      ...flags,
      "bb",
      "sh",
      "-c",
      "echo $FOO; umask; touch /x && ls -d /hh/passwd",
    );
    expect(over).toMatchObject({ exitCode: 0, stdout: "x\n0022\n/hh/passwd\n" });
    await withConf(conf, "create", "--name", "c", "bb", "true");
    expect(
      await home.ok(
        "inspect",
        "-f",
        '{{.HostConfig.LogConfig.Type}} {{.Config.StopTimeout}} {{index .Config.Annotations "a.b"}}',
        "c",
      ),
    ).toBe("json-file 3 c");
    expect((await withConf(conf, "events")).stderr).toBe(
      'Error: cannot read events with the "none" backend\n',
    );
    await home.ok("rm", "c");
  });

  test("names, paths and events as the newer keys have them", async () => {
    const logs = join(home.directory, "logs");
    mkdirSync(logs);
    const conf = `[containers]
container_name_as_hostname = true
prepare_volume_on_create = true
log_path = "${logs}"
[engine]
events_container_create_inspect_data = true
platform_to_oci_runtime = { "linux/amd64" = "crun", "linux/arm64" = "crun" }
[network]
default_network = "net1"
default_host_ips = ["127.0.0.1", "::1"]`;
    const ports = ["-p", "8001:80", "-p", "127.0.0.2:8002:80"];
    await withConf(conf, "create", "--name", "n_1", ...ports, "-v", "filled:/bin", "bb", "true");
    expect(
      await home.ok("inspect", "-f", "{{range $p, $b := .HostConfig.PortBindings}}{{$b}}{{end}}", "n_1"),
    ).toBe("[{127.0.0.1 8001} {::1 8001} {127.0.0.2 8002}]");
    const mountpoint = await home.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "filled");
    expect(existsSync(join(mountpoint, "sh"))).toBe(true);
    const shown = "{{.Config.Hostname}} {{.HostConfig.LogConfig.Path}} {{.OCIRuntime}} {{.Id}}";
    const [hostname, log, runtime, id = ""] = (await home.ok("inspect", "-f", shown, "n_1")).split(" ");
    expect([hostname, log, runtime]).toEqual(["n1", join(logs, id, "ctr.log"), "crun"]);
    expect(readdirSync(logs)).toEqual([id]);
    // Nothing stays of a container that doesn't come to be.
    expect(await withConf(conf, "create", "--name", "n_1", "bb", "true")).toMatchObject({ exitCode: 125 });
    expect(readdirSync(logs)).toEqual([id]);
    const filter = ["--filter", "container=n_1", "--filter", "event=create"];
    const data = await home.ok(
      "events",
      "--stream=false",
      ...filter,
      "--format",
      "{{.ContainerInspectData}}",
    );
    expect(JSON.parse(data)).toMatchObject({ Name: "n_1", SizeRw: 0 });
    await home.ok("rm", "n_1");
    await home.ok("volume", "rm", "filled");
    expect((await withConf(conf, "network", "ls", "--format", "{{.Name}}")).stdout).toBe("net1\n");
  });

  test.each([
    ['[network]\nnetwork_backend = "cni"', ["network", "ls"], 'unsupported network backend "cni", check'],
    [
      '[network]\ndefault_network = "x y"',
      ["network", "ls"],
      "failed to create default network x y: network name x y invalid: names must match ",
    ],
    ['[engine]\nlock_type = "x"', ["ps"], "unknown lock type x: invalid argument"],
    ['[engine]\nevents_logger = "x"', ["events"], "unknown event logger type: X"],
    ["[engine]\nremote = true", ["ps"], "remote=true in containers.conf is not supported yet"],
    ['[secrets]\ndriver = "x"', ["secret", "create", "s", "/etc/hostname"], "invalid driver"],
    ['[containers]\nseccomp_profile = "/no"', ["create", "bb"], "opening seccomp profile failed: open /no: "],
    [
      '[containers]\ninit = true\ninit_path = "/no"',
      ["create", "bb"],
      "container-init binary not found on the host: stat /no: no such file or directory",
    ],
    [
      '[engine]\nhelper_binaries_dir = ["/no"]',
      ["network", "create", "--dns", "1.1.1.1", "x"],
      'could not find "netavark"',
    ],
  ])("%s is refused", async (conf, args, message) => {
    const { exitCode, stderr } = await withConf(conf, ...args);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(message) });
  });

  test("[network] says what a network of a container's own is", async () => {
    const conf = (program: string) => `[network]\ndefault_rootless_network_cmd = "${program}"`;
    const mode = async (program: string, ...flags: string[]) => {
      await withConf(conf(program), "create", "--name", "c", ...flags, "bb", "true");
      const found = await home.ok("inspect", "-f", "{{.HostConfig.NetworkMode}}", "c");
      await home.ok("rm", "c");
      return found;
    };
    expect(await mode("pasta")).toBe("pasta");
    expect(await mode("pasta", "--network", "private")).toBe("pasta");
    expect(await mode("pasta", "--network", "slirp4netns")).toBe("slirp4netns");
    expect(await mode("slirp4netns")).toBe("slirp4netns");
    const info = await withConf(conf("pasta"), "info", "-f", "{{.Host.RootlessNetworkCmd}}");
    expect(info.stdout).toBe("pasta\n");
    const bad = await withConf(conf("other"), "create", "bb", "true");
    expect(bad.exitCode).toBe(125);
    expect(bad.stderr).toMatch(
      /^Error: invalid default_rootless_network_cmd option "other"; .*pasta or slirp4netns\n$/,
    );
  });

  test("image_copy_tmp_dir is where copies are made on their way out, unless TMPDIR is", async () => {
    const conf = (directory: string) => `[engine]\nimage_copy_tmp_dir = "${directory}"`;
    const env = { CONTAINERS_CONF: write("copies.conf", conf("/foobar")), TMPDIR: "" };
    const info = (more = {}) =>
      home.run(["info", "-f", "{{.Store.ImageCopyTmpDir}}"], { env: { ...env, ...more } });
    expect((await info()).stdout).toBe("/foobar\n");
    expect((await info({ TMPDIR: "/hoge" })).stdout).toBe("/hoge\n");
    const file = join(home.directory, "copy.tar");
    expect((await home.run(["save", "--format", "oci-archive", "-o", file, "bb"], { env })).stderr).toContain(
      "creating temporary directory in /foobar: no such file or directory",
    );
    expect(
      (
        await home.run(["save", "--format", "oci-archive", "-o", file, "bb"], {
          env: { ...env, TMPDIR: home.directory },
        })
      ).exitCode,
    ).toBe(0);
    write("copies.conf", conf("storage1"));
    expect((await info()).stderr).toContain(
      'invalid image_copy_tmp_dir value "storage1" (relative paths are not accepted)',
    );
  });

  test("a runtime by its name in the table, and the engine's environment", async () => {
    const conf =
      '[engine]\npull_policy = "never"\nenv = ["GIVEN=1"]\n[engine.runtimes]\nmine = ["/nowhere", "/usr/bin/crun"]';
    const { stdout } = await withConf(conf, "--runtime", "mine", "run", "--rm", "-e", "GIVEN", "bb", "env");
    expect(stdout).toMatch(/^GIVEN=1$/m);
    const info = await withConf(conf, "--runtime", "mine", "info", "-f", "{{.Host.OCIRuntime.Name}}");
    expect(info.stdout).toBe("mine\n");
    const logged = '[containers]\nlog_driver = "json-file"\nlog_tag = "x"\nlog_size_max = 8192';
    const create = await withConf(logged, "create", "--name", "logged", "bb", "sh", "-c", "seq 9000");
    expect(create.stderr).toContain('msg="log_tag \\"x\\" is not allowed with \\"json-file\\" log_driver"');
    const format = "{{.HostConfig.LogConfig.Size}} {{.HostConfig.LogConfig.Tag}}";
    expect(await home.ok("inspect", "-f", format, "logged")).toBe("8.192kB ");
    await withConf(logged, "start", "-a", "logged");
    expect((await home.ok("logs", "logged")).length).toBeLessThan(8192);
    await home.ok("rm", "logged");
    const never = await withConf(conf, "run", "--rm", "missing", "true");
    expect(never.stderr).toContain("missing: image not known");
  });

  test("how monitor and runtime work", async () => {
    const said = join(home.directory, "runtime.out");
    const runtime = write("wrapper", `#!/bin/sh\necho "$GIVEN $HOME $*" >> ${said}\nexec crun "$@"\n`);
    chmodSync(runtime, 0o755);
    const conf = (keyring: boolean) =>
      `[containers]\nkeyring = ${keyring}\n[engine]\nno_pivot_root = true\nconmon_env_vars = ["GIVEN=1", "HOME=/x"]`;
    const run = ["run", "--rm", "--network", "none"];
    await withConf(conf(false), "--runtime", runtime, ...run, "bb", "true");
    expect(readFileSync(said, "utf8")).toMatch(
      new RegExp(`^1 ${home.env.HOME} .* create .*--no-new-keyring --no-pivot `),
    );
    const keys = [...run, "--security-opt", "unmask=/proc/keys", "bb", "cat", "/proc/keys"];
    const [own, callers] = [await withConf(conf(true), ...keys), await withConf(conf(false), ...keys)];
    expect(callers.exitCode).toBe(0);
    if (own.stdout !== "") expect(callers.stdout).not.toBe(own.stdout);
    const without = ["--runtime", runtime, ...run, "--cgroups=disabled", "bb", "true"];
    expect((await withConf("", ...without)).stderr).toContain(
      `Error: requested OCI runtime ${runtime} is not compatible with NoCgroups: invalid argument`,
    );
    const able = '[engine]\nruntime_supports_nocgroup = ["wrapper"]\nevents_logger = "Journald"';
    expect((await withConf(able, ...without)).exitCode).toBe(0);
    const hasJournal = existsSync("/run/systemd/journal/socket");
    const logger = await withConf(able, "info", "-f", "{{.Host.EventLogger}}");
    expect(logger.stdout).toBe(hasJournal ? "journald\n" : "file\n");
  });

  test("the user's file, drop-ins, modules, the override", async () => {
    const env = (name: string) => `[containers]\nenv = ["${name}=1"]\n`;
    const base = join(home.env.HOME as string, ".config/containers");
    mkdirSync(join(base, "containers.conf.d"), { recursive: true });
    mkdirSync(join(base, "containers.conf.modules"), { recursive: true });
    writeFileSync(join(base, "containers.conf"), '[containers]\nenv = ["A=1", {append=true}]\n');
    writeFileSync(join(base, "containers.conf.d/10.conf"), env("B"));
    writeFileSync(join(base, "containers.conf.modules/m.conf"), env("M"));
    const letters = async (...args: string[]) => {
      const { stdout } = await home.run([...args, "run", "--rm", "bb", "env"], {
        env: { CONTAINERS_CONF_OVERRIDE: write("o.conf", env("O")) },
      });
      return stdout.match(/^[A-Z](?==1$)/gm)?.join("");
    };
    expect(await letters()).toBe("ABO");
    expect(await letters("--module", "m.conf")).toBe("ABMO");
    const none = await home.coracle("--module", "none", "ps");
    expect(none.exitCode).toBe(1);
    expect(none.stderr).toMatch(
      /^Failed to obtain coracle configuration: could not resolve module "none": stat /,
    );
    expect(await home.ok("__complete", "--module", "")).toBe("m.conf\n:0");
    writeFileSync(join(base, "containers.conf"), "");
    writeFileSync(join(base, "containers.conf.d/10.conf"), "");
  });

  test("a broken file is named with the line", async () => {
    const { exitCode, stderr } = await withConf("[containers]\nenv = [\n", "run", "--rm", "bb", "true");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^Failed to obtain coracle configuration: reading system config "\S+test\.conf": decode configuration \S+test\.conf: toml: line \d+, column \d+: /,
    );
    const missing = await home.run(["ps"], { env: { CONTAINERS_CONF: "/nowhere.conf" } });
    expect(missing).toMatchObject({ exitCode: 1 });
    expect(missing.stderr).toContain(
      "CONTAINERS_CONF file: faccessat /nowhere.conf: no such file or directory",
    );
  });
});

test("storage.conf says where the store is, and how", async () => {
  const root = join(home.directory, "graph");
  const env = { CONTAINERS_STORAGE_CONF: write("storage.conf", `[storage]\ngraphroot = "${root}"\n`) };
  const info = (...args: string[]) => home.run([...args, "info", "-f", "{{.Store.GraphRoot}}"], { env });
  expect((await info()).stdout).toBe(`${root}\n`);
  expect((await info("--root", home.store)).stdout).toBe(`${home.store}\n`);
  const first = write("first.conf", `[storage]\ngraphroot = "${root}-first"\ndriver_priority = ["vfs"]\n`);
  const driver = await home.run(["info", "-f", "{{.Store.GraphDriverName}}"], {
    env: { CONTAINERS_STORAGE_CONF: first },
  });
  expect(driver.stdout).toBe("vfs\n");
  const odd = write(
    "odd.conf",
    `[storage]\ngraphroot = "${root}"\nodd = 1\n[storage.options.overlay]\nmountopt = "nodev"\n`,
  );
  const options = await home.run(["info", "-f", "{{.Store.GraphOptions}}"], {
    env: { CONTAINERS_STORAGE_CONF: odd },
  });
  expect(options.stdout).toContain("overlay.mountopt:nodev");
  expect(options.stderr).toContain('level=warning msg="Failed to decode the keys [\\"storage.odd\\"] from ');
  // Where Podman has a store by the same file, ours is beside what it keeps.
  mkdirSync(join(root, "libpod"), { recursive: true });
  expect((await info()).stdout).toBe(`${root}/coracle\n`);
});

test("an additional image store is read, and never changed", async () => {
  const [root, images] = [
    join(home.directory, "own"),
    ["images", "--format", "{{.Repository}} {{.ReadOnly}}"],
  ];
  const conf = `[storage]\ngraphroot = "${root}"\n[storage.options]\nadditionalimagestores = ["${home.store}"]\n`;
  const env = { CONTAINERS_STORAGE_CONF: write("stores.conf", conf) };
  const own = (...args: string[]) => home.run(args, { env });
  expect((await own(...images)).stdout).toBe("localhost/bb true\n");
  expect((await own("images")).stdout).toMatch(/SIZE {2,}R\/O\n.* true\n$/);
  expect(await own("run", "--rm", "bb", "echo", "hi")).toMatchObject({ exitCode: 0, stdout: "hi\n" });
  const { exitCode, stderr } = await own("rmi", "bb");
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 125,
    stderr: expect.stringMatching(/^Error: cannot remove read-only image "[0-9a-f]{64}"; /),
  });
  await own("tag", "bb", "mine");
  expect((await own("rmi", "mine")).stdout).toContain("Untagged: localhost/mine:latest\n");
  expect((await own("rmi", "-a", "-f")).exitCode).toBe(0);
  expect((await own(...images, "--filter", "readonly=true")).stdout).toBe("localhost/bb true\n");
  const gone = ["--root", root, "--storage-opt", "overlay.imagestore=/nowhere", "ps"];
  expect((await own(...gone)).stderr).toContain("overlay: can't stat imageStore dir /nowhere: ");
  expect(await home.ok(...images)).toBe("localhost/bb false");
});

test("mounts.conf: every container has copies of what it names", async () => {
  const secrets = join(home.directory, "subscriptions");
  write("subscriptions/key", "secret\n");
  write("subscriptions/deep/er", "x\n");
  const list = `# comment\n${secrets}:/run/subscriptions\n/nowhere:/nowhere\n`;
  const file = write("mounts", list);
  const look =
    "cat /run/subscriptions/key; stat -c %u:%g /run/subscriptions/deep/er; echo y > /run/subscriptions/key; ls /nowhere";
  const given = await home.coracle("--default-mounts-file", file, "run", "--rm", "bb", "sh", "-c", look);
  expect(given.stdout).toBe("secret\n0:0\n");
  expect(readFileSync(join(secrets, "key"), "utf8")).toBe("secret\n");
  const base = join(home.env.HOME as string, ".config/containers");
  mkdirSync(base, { recursive: true });
  writeFileSync(join(base, "mounts.conf"), list);
  const mapped = ["--userns", "keep-id", "--user", "0"];
  expect(await home.ok("run", "--rm", ...mapped, "bb", "sh", "-c", `${look} 2>&1 || true`)).toMatch(
    /^secret\n0:0\n/,
  );
  const own = await home.coracle(
    "run",
    "--rm",
    "-v",
    "/etc:/run/subscriptions",
    "bb",
    "cat",
    "/run/subscriptions/key",
  );
  expect(own.exitCode).toBe(1);
  writeFileSync(join(base, "mounts.conf"), "");
});

test("hooks", async () => {
  const out = join(home.directory, "hook.out");
  const hook = write("hook.sh", `#!/bin/sh\ncat > ${out}\n`);
  chmodSync(hook, 0o755);
  const when = { annotations: { "^run\\.hook$": "yes" } };
  write(
    "hooks/test.json",
    JSON.stringify({ version: "1.0.0", hook: { path: hook }, when, stages: ["createRuntime"] }),
  );
  const run = (...flags: string[]) =>
    home.ok("--hooks-dir", join(home.directory, "hooks"), "run", "--rm", ...flags, "bb", "true");
  await run();
  expect(existsSync(out)).toBe(false);
  await run("--annotation", "run.hook=yes");
  expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ status: "creating" });
});

test("devices of the Container Device Interface", async () => {
  const mark = join(home.directory, "cdi.mark");
  const hook = write("cdi-hook.sh", `#!/bin/sh\ncat >/dev/null\necho "$1 $FOO" >>${mark}\n`);
  chmodSync(hook, 0o755);
  const spec = write(
    "cdi/vendor.yaml",
    `cdiVersion: "0.7.0"
kind: vendor.com/class
containerEdits:
  env: [ALL=yes]
devices:
- name: 0
  containerEdits:
    env: [A=cdi]
    additionalGids: [7]
    deviceNodes:
    - {path: /dev/cdi, hostPath: /dev/null, fileMode: 0666}
    mounts:
    - {hostPath: ${home.directory}/cdi, containerPath: /mnt, options: [ro, rbind]}
    hooks:
    - {hookName: createRuntime, path: ${hook}, args: [hook, one], env: [FOO=bar]}
`,
  );
  const conf = `[engine]\ncdi_spec_dirs = ["${dirname(spec)}"]`;
  const script = "echo $ALL $A; id -G; echo x >/dev/cdi; ls /mnt; touch /mnt/x 2>/dev/null || echo ro";
  const flags = ["--device=vendor.com/class=0", "-v", "/tmp:/mnt", "-e", "A=b"];
  const run = await withConf(conf, "run", "--name", "cdi", ...flags, "bb", "sh", "-c", script);
  expect(run).toMatchObject({ exitCode: 0, stdout: "yes cdi\n0 7\nvendor.yaml\nro\n", stderr: "" });
  expect(readFileSync(mark, "utf8")).toBe("one bar\n");
  const [{ HostConfig }] = JSON.parse(await home.ok("inspect", "cdi"));
  expect(HostConfig.Devices).toEqual([
    { PathOnHost: "/dev/null", PathInContainer: "/dev/cdi", CgroupPermissions: "" },
  ]);
  expect(await home.ok("--cdi-spec-dir", "/nowhere", "rm", "cdi")).toBe("cdi");
  const missing = await withConf(conf, "run", "--rm", "--gpus=all", "bb", "true");
  expect(missing.exitCode).toBe(126);
  expect(missing.stderr).toContain("setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=all");
  write("cdi/vendor.yaml", "cdiVersion: x");
  const broken = await home.run(["--cdi-spec-dir", dirname(spec), "run", "--rm", ...flags, "bb", "true"]);
  expect(broken.stderr).toContain(`${spec}: invalid version`);
});

describe("global flags", () => {
  test.each([
    [
      ["--cgroup-manager", "x", "ps"],
      "configuring runtime: cgroup manager must be one of cgroupfs and systemd",
    ],
    [["--storage-opt", "x", "ps"], "unable to parse key/value option: x"],
    [["--storage-opt", "x=y", "ps"], "overlay: unknown option x"],
    [["--runtime", "x", "ps"], 'default OCI runtime "x" not found: invalid argument'],
    [["--runtime", "toString", "ps"], 'default OCI runtime "toString" not found: invalid argument'],
    [["-c", "x", "ps"], 'failed to resolve active destination: "x" service destination not found'],
    [["--remote", "ps"], "--remote is not supported yet"],
    [["--max-workers", "0", "ps"], "maximum workers must be set to a positive number (got 0)"],
    [["--storage-driver", "x", "ps"], "configure storage: failed to GetDriver graph x /"],
    [
      ["--registries-conf", "/no", "ps"],
      "configuring runtime: locating specified registries.conf: faccessat /no: no such file or directory",
    ],
  ])("%j", async (args, message) => {
    const { exitCode, stderr } = await home.coracle(...args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(`Error: ${message}`);
  });

  test("a bad log level has Podman's words and exit code", async () => {
    expect(await home.coracle("--log-level", "x", "ps")).toMatchObject({
      exitCode: 1,
      stderr:
        'Log Level "x" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic\n',
    });
  });

  test("Docker's names, and those that only a remote service needs", async () => {
    expect((await home.coracle("-D", "nosuch")).stderr).toContain("    at ");
    for (const args of [["--context", "default"], ["--identity", "/x"], ["--ssh", "golang"], ["--syslog"]]) {
      expect(await home.coracle(...args, "ps", "-q")).toEqual(await home.coracle("ps", "-q"));
    }
    for (const flag of ["--url", "-H", "--imagestore", "--pull-option"]) {
      const { exitCode, stderr } = await home.coracle(flag, "x", "ps");
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(/^Error: --[a-z-]+ is not supported yet\n$/);
    }
  });

  test("a service of Podman's that the environment names is refused, unless --remote=false", async () => {
    for (const variable of ["CONTAINER_HOST", "CONTAINER_CONNECTION"]) {
      const inIt = ["env", `${variable}=x`, home.program];
      expect(await home.exec([...inIt, "ps"])).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(`Error: the variable ${variable} is not supported yet`),
      });
      expect(await home.exec([...inIt, "--remote=false", "ps", "-q"])).toMatchObject({
        exitCode: 0,
        stdout: "",
      });
    }
  });

  test("the launcher's own variables don't get into a container", async () => {
    const shown = await home.ok(
      "run",
      "--rm",
      "--network",
      "none",
      "-e",
      "CORACLE_*",
      "-e",
      "BUN_*",
      "bb",
      "env",
    );
    expect(shown).not.toMatch(/CORACLE_|BUN_/);
  });

  test("--out, --noout, --volumepath, --conmon", async () => {
    const out = join(home.directory, "out.txt");
    expect((await home.coracle("--out", out, "run", "--rm", "bb", "echo", "hi")).stdout).toBe("");
    expect(readFileSync(out, "utf8")).toBe("hi\n");
    expect((await home.coracle("--noout", "images")).stdout).toBe("");
    const volumes = join(home.directory, "vols");
    const mounted = ["--volumepath", volumes, "--conmon", "/nowhere", "run", "--rm", "-v", "named:/d"];
    await home.ok(...mounted, "bb", "touch", "/d/f");
    expect(existsSync(join(volumes, "named/_data/f"))).toBe(true);
  });
});
