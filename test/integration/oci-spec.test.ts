/** Generated runtime configs, run by real runtimes in a user namespace like the one that containers share. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allCapabilities } from "../../src/oci/capabilities.ts";
import type { ContainerConfig } from "../../src/oci/container.ts";
import {
  containerHostname,
  generateSpec,
  type HostFacts,
  requestedUser,
} from "../../src/oci/generate-spec.ts";
import { parseMounts } from "../../src/oci/mounts.ts";
import { serializeSpec } from "../../src/oci/runtime-spec.ts";
import { defaultSeccompProfile } from "../../src/oci/seccomp-default.ts";
import { resolveUser } from "../../src/oci/user.ts";
import { run } from "../support/process.ts";
import { hasProgram, ordinaryUser, skipUnless } from "../support/requirements.ts";
import { containerConfig } from "../unit/oci/container-config.ts";

const APPLETS = "sh cat chroot grep head hostname id ls mount rm touch true unshare wc".split(" ");
const PASSWD = "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/home/guest:/bin/sh\n";
const GROUP = "root:x:0:\nguest:x:1000:\nstaff:x:50:guest\n";

const prefix = process.env.CORACLE_TEST_PREFIX || join(import.meta.dirname, "../..");
const RUNTIMES: Record<string, { program: string; args: string[] }> = {
  crun: { program: "crun", args: ["--cgroup-manager=disabled"] },
  "coracle-runtime": { program: join(prefix, "bin/coracle-runtime"), args: ["--cgroup-manager=disabled"] },
};

const inUserNamespace = ["unshare", "--user", "--map-root-user", "--map-auto", "--mount"];

let directory = "";
let host: HostFacts;
let unavailable: string | undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(process.env.CORACLE_TEST_TMP || tmpdir(), "oci-spec-"));
  const rootfs = join(directory, "rootfs");
  for (const name of ["bin", "dev", "etc", "proc", "root", "sys", "tmp"])
    mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync("/bin/busybox", join(rootfs, "bin/busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(rootfs, "bin", applet));
  const mapping = await run([...inUserNamespace, "cat", "/proc/self/uid_map"]);
  if (mapping.exitCode !== 0)
    unavailable = `no user namespace with subordinate ids: ${mapping.stderr.trim()}`;
  const lines = mapping.stdout.trim().split("\n");
  const count = lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
  host = {
    rootless: true,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    uidCount: count,
    gidCount: count,
    capabilities: allCapabilities(40),
    arch: process.arch,
    kernel: release(),
    apparmor: false,
    limits: { nofile: 1024, nproc: 1024 },
    pidMax: 4194304,
    oomScoreAdj: 0,
  };
});

afterAll(async () => {
  // Files in the rootfs belong to subordinate ids.
  await run([...inUserNamespace, "rm", "-rf", join(directory, "rootfs")]);
  rmSync(directory, { recursive: true, force: true });
});

describe.each(Object.keys(RUNTIMES))("%s runs", (name) => {
  const { program, args } = RUNTIMES[name] ?? { program: "", args: [] };

  /** What `script` prints in a container of this config. */
  async function container(script: string, changes: Partial<ContainerConfig> = {}): Promise<string[]> {
    const config = containerConfig({ network: { kind: "none" }, ...changes });
    const bundle = mkdtempSync(join(directory, "bundle-"));
    const id = `spec-${bundle.slice(-6)}`.padEnd(64, "0");
    const spec = generateSpec({
      id,
      config,
      host,
      rootfs: join(directory, "rootfs"),
      args: ["sh", "-c", script],
      user: resolveUser(requestedUser(config, host), PASSWD, GROUP, config.groups),
      hostname: containerHostname(config, { id, name: "" }, "host"),
      mounts: config.mounts.map(({ type, source, destination, options }) => ({
        type,
        source,
        destination,
        options,
      })),
      files: [],
      devices: [],
      namespaces: {},
      cgroupsPath: null,
      deviceNumbers: () => ({ major: 8, minor: 0 }),
      seccomp: defaultSeccompProfile(),
    });
    writeFileSync(join(bundle, "config.json"), serializeSpec(spec));
    const root = join(bundle, "state");
    const runtime = [program, "--root", root, ...args, "run", "--bundle", bundle, id];
    const result = await run([...inUserNamespace, ...runtime]);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    return result.stdout.trimEnd().split("\n");
  }

  /** What the runtimes of this machine need. */
  const check = (title: string, body: () => Promise<void>) =>
    test(title, async (context) => {
      const missing = name === "crun" || existsSync(program) ? undefined : `${program} is not built`;
      skipUnless(context, ordinaryUser(), hasProgram("unshare"), unavailable, missing);
      if (name === "crun") skipUnless(context, hasProgram("crun"));
      await body();
    });

  check("a plain container: users, capabilities, filter, hostname, environment", async () => {
    const script = "id; grep -E '^(Cap|Seccomp:)' /proc/self/status; hostname; echo $HOME $container";
    expect(await container(script)).toEqual([
      "uid=0 gid=0",
      "CapInh:\t0000000000000000",
      "CapPrm:\t00000000800405fb",
      "CapEff:\t00000000800405fb",
      "CapBnd:\t00000000800405fb",
      "CapAmb:\t0000000000000000",
      "Seccomp:\t2",
      expect.stringMatching(/^spec-/),
      "/root podman",
    ]);
  });

  check("a container with nothing of the host to read or change", async () => {
    const script = `head -c1 /proc/keys | wc -c; ls /sys/firmware | wc -l; touch /sys/x 2>/dev/null || echo ro
      { echo 1 >/proc/sys/kernel/domainname; } 2>/dev/null || echo ro; echo x >/dev/shm/x && echo rw`;
    expect(await container(script)).toEqual(["0", "0", "ro", "ro", "rw"]);
  });

  check("a call that the profile allows with its capability only", async () => {
    expect(await container("chroot / true && echo allowed")).toEqual(["allowed"]);
    const refused = await container("chroot / true 2>/dev/null || echo refused", { capDrop: ["SYS_CHROOT"] });
    expect(refused).toEqual(["refused"]);
  });

  check("another user with its groups, and with one capability", async () => {
    const script = "id -u; id -G; grep CapAmb /proc/self/status; echo $HOME";
    expect(await container(script, { user: "guest", groups: ["77"], capAdd: ["NET_RAW"] })).toEqual([
      "1000",
      "1000 50 77",
      "CapAmb:\t0000000000002000",
      "/home/guest",
    ]);
  });

  check("keep-id", async () => {
    const lines = await container("id -u; id -g; id -G; grep CapEff /proc/self/status", {
      userns: { kind: "keep-id" },
    });
    expect(lines).toEqual([`${host.uid}`, `${host.gid}`, `${host.gid}`, "CapEff:\t0000000000000000"]);
  });

  check("--read-only with its writable places", async () => {
    const script = "for p in /x /etc/x /run/x /tmp/x /var/tmp/x; do touch $p 2>/dev/null && echo $p; done";
    expect(await container(script, { readOnly: true })).toEqual(["/run/x", "/tmp/x", "/var/tmp/x"]);
  });

  check("--privileged", async () => {
    const script = "grep -E '^(CapEff|Seccomp:)' /proc/self/status; mount -t tmpfs x /tmp && echo mounted";
    expect(await container(script, { privileged: true })).toEqual([
      "CapEff:\t000001ffffffffff",
      "Seccomp:\t0",
      "mounted",
    ]);
  });

  check("the host's namespaces", async () => {
    const host = { kind: "host" } as const;
    const lines = await container("ls -d /proc/1/ns /sys/class/net/lo; hostname", {
      network: host,
      pid: host,
      uts: host,
    });
    expect(lines.slice(0, 2)).toEqual(["/proc/1/ns", "/sys/class/net/lo"]);
  });

  check("binds and tmpfs", async () => {
    const source = join(directory, `source-${name}`);
    mkdirSync(source);
    writeFileSync(join(source, "file"), "from the host\n");
    const mounts = parseMounts(
      { volumes: [`${source}:/bound:ro`], tmpfs: ["/scratch:size=1m,mode=700", "/etc"] },
      (path) => path,
    );
    const script = `cat /bound/file; touch /bound/x 2>/dev/null || echo ro
      grep -o 'scratch tmpfs.*size=1024k' /proc/self/mounts | wc -l; touch /etc/x && echo rw`;
    expect(await container(script, { mounts })).toEqual(["from the host", "ro", "1", "rw"]);
  });

  check("limits, umask, sysctl", async () => {
    const changes = {
      ulimits: [
        { name: "nofile", soft: 100, hard: 200 },
        { name: "fsize", soft: -1, hard: -1 },
      ],
      umask: "0077",
      sysctls: { "net.ipv4.ip_forward": "1" },
    };
    const script = "ulimit -Sn; ulimit -Hn; ulimit -f; umask; cat /proc/sys/net/ipv4/ip_forward";
    expect(await container(script, changes)).toEqual(["100", "200", "unlimited", "0077", "1"]);
  });
});
