import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { skipUnless } from "../../support/requirements.ts";
import { Bundle, mappedNamespace, mountTable } from "./bundle.ts";

let bundle: Bundle;

beforeEach(async (context) => {
  skipUnless(context, await mappedNamespace());
  bundle = new Bundle();
});

const mounts = async () => mountTable(await bundle.sh("cat /proc/self/mountinfo"));

/** A directory of the host with a file and a second mount's mount point. */
function volume(name = "volume"): string {
  const directory = bundle.outside(name);
  mkdirSync(directory);
  writeFileSync(join(directory, "file"), "from the host\n");
  return directory;
}

describe("rootfs", () => {
  test("is all there is of the host", async () => {
    expect(await bundle.sh("ls /")).toBe("bin\ndev\netc\nproc\nsys\ntmp\n");
    for (const path of Object.keys(await mounts())) expect(path).toMatch(/^\/(proc|dev.*|)$/);
  });

  test("can be read-only while mounts are not", async () => {
    bundle.config.root.readonly = true;
    bundle.mount({ destination: "/tmp", type: "tmpfs" });
    expect(await bundle.sh("touch /x 2>&1 || true; touch /tmp/x; echo ok")).toMatch(
      /Read-only file system\nok/,
    );
  });

  test("works without pivot_root", async () => {
    bundle.config.process.args = ["sh", "-c", "ls /bin/busybox; ls / | grep -c ."];
    expect(await bundle.output("rt run --no-pivot c")).toMatch(/^\/bin\/busybox\n6\n$/);
  });

  test("another configuration file can be named", async () => {
    bundle.config.process.args = ["echo", "other"];
    bundle.write();
    expect(await bundle.output("mv config.json other.json; rt run --config other.json c")).toBe("other\n");
  });
});

test.each([
  ["private", ""],
  ["rslave", ""],
  ["shared", "shared"],
  ["rshared", "shared"],
  ["unbindable", "unbindable"],
])("linux.rootfsPropagation %s", async (propagation, optional) => {
  bundle.config.linux.rootfsPropagation = propagation;
  const table = mountTable(await bundle.sh("cat /proc/self/mountinfo"));
  expect(table["/"]!.optional.replace(/:\d+/g, "")).toBe(optional);
});

test("mount points can be entered whatever the caller's umask", async () => {
  bundle.mount({ destination: "/made/below", type: "tmpfs", source: "tmpfs" });
  bundle.config.process.args = ["sh", "-c", "id -u; stat -c %a /made /made/below"];
  bundle.config.process.user = { uid: 1000, gid: 1000 };
  expect(await bundle.output("umask 077; rt run c")).toBe("1000\n755\n1777\n");
});

describe("bind mounts", () => {
  test("of directories and files, with mount points made in the rootfs", async () => {
    const directory = volume();
    bundle.mount({ destination: "/new/dir", type: "bind", source: directory, options: ["rbind"] });
    bundle.mount({
      destination: "/new/file",
      type: "bind",
      source: join(directory, "file"),
      options: ["bind", "ro"],
    });
    expect(await bundle.sh("cat /new/dir/file /new/file; echo x >/new/file || true")).toBe(
      "from the host\nfrom the host\n",
    );
    expect(lstatSync(bundle.inRootfs("new/dir")).isDirectory()).toBe(true);
    expect(lstatSync(bundle.inRootfs("new/file")).isFile()).toBe(true);
  });

  test("get their options before anybody can see them", async () => {
    bundle.mount({
      destination: "/v",
      type: "bind",
      source: volume(),
      options: ["bind", "ro", "nosuid", "nodev", "noexec", "nosymfollow"],
    });
    const { "/v": mount } = await mounts();
    expect(mount?.options).toEqual(
      expect.arrayContaining(["ro", "nosuid", "nodev", "noexec", "nosymfollow"]),
    );
  });

  test("of the host keep its access times where a user namespace locks them, and get the rest", async () => {
    bundle.mount({ destination: "/v", type: "bind", source: volume(), options: ["rbind", "noatime", "ro"] });
    bundle.mount({ destination: "/t", type: "tmpfs", options: ["noatime"] });
    const table = await mounts();
    expect(table["/v"]?.options).toContain("ro");
    expect(table["/t"]?.options).toContain("noatime");
  });

  test("are private unless another propagation is asked for", async () => {
    bundle.mount({ destination: "/private", type: "bind", source: volume("a"), options: ["rbind"] });
    bundle.mount({ destination: "/slave", type: "bind", source: volume("b"), options: ["rbind", "rslave"] });
    bundle.mount({
      destination: "/shared",
      type: "bind",
      source: volume("c"),
      options: ["rbind", "rshared"],
    });
    const table = await mounts();
    expect(table["/private"]?.optional).toBe("");
    expect(table["/slave"]?.optional).toMatch(/^master:\d+$/);
    expect(table["/shared"]?.optional).toMatch(/^shared:\d+/);
  });

  test("read-only with rro is so for submounts, with ro only for the top", async () => {
    const script = (option: string) => {
      bundle.config.mounts = bundle.config.mounts.filter((mount) => mount.destination !== "/v");
      bundle.mount({ destination: "/v", type: "bind", source: "volume", options: ["rbind", option] });
      bundle.config.process.args = ["sh", "-c", "touch /v/x; touch /v/sub/x && echo wrote"];
      return bundle.script("mount -t tmpfs none volume/sub; rt run c 2>/dev/null");
    };
    mkdirSync(join(volume(), "sub"));
    expect((await script("ro")).stdout).toBe("wrote\n");
    expect((await script("rro")).stdout).toBe("");
  });

  test("follow links of the image inside the rootfs only", async () => {
    symlinkSync("/deep/er", bundle.inRootfs("link"));
    symlinkSync("../../../../etc/conf", bundle.inRootfs("up"));
    bundle.mount({ destination: "/link/target", type: "bind", source: volume(), options: ["rbind"] });
    bundle.mount({
      destination: "/up",
      type: "bind",
      source: join(bundle.outside("volume"), "file"),
      options: ["bind"],
    });
    expect(await bundle.sh("cat /deep/er/target/file /etc/conf")).toBe("from the host\nfrom the host\n");
  });

  test("copy-symlink copies the link instead of what it points to", async () => {
    symlinkSync("/some/where", bundle.outside("link"));
    bundle.mount({
      destination: "/copied",
      type: "bind",
      source: bundle.outside("link"),
      options: ["rbind", "copy-symlink"],
    });
    expect(await bundle.sh("readlink /copied")).toBe("/some/where\n");
  });

  test("src-nofollow and dest-nofollow take links as they are", async () => {
    writeFileSync(bundle.outside("file"), "from the host\n");
    symlinkSync(bundle.outside("file"), bundle.outside("link"));
    for (const name of ["one", "two"]) symlinkSync("nowhere", bundle.inRootfs(name));
    const source = bundle.outside("link");
    bundle.mount({ destination: "/one", type: "bind", source, options: ["bind", "dest-nofollow"] });
    bundle.mount({
      destination: "/two",
      type: "bind",
      source,
      options: ["bind", "dest-nofollow", "src-nofollow"],
    });
    expect(await bundle.sh("cat /one; readlink /two; ls / | grep -c nowhere || true")).toBe(
      `from the host\n${bundle.outside("file")}\n0\n`,
    );
    bundle.mount({
      destination: "/proc/self",
      type: "bind",
      source,
      options: ["bind", "dest-nofollow", "src-nofollow"],
    });
    expect(await bundle.refusal(["true"])).toMatch(/may not cover this part of \/proc/);
  });

  test.each(["idmap=", "idmap=uids=0-1", "idmap=uids=0-1-0", "ridmap=uids=0-1-1;x", "idmap=uids=@0-1-1"])(
    "a mapping in the options is read or refused, not passed over: %s",
    async (option) => {
      bundle.mount({ destination: "/v", type: "bind", source: "/etc", options: ["bind", option] });
      expect(await bundle.refusal(["true"])).toContain(`\`${option}\` is not of the form`);
    },
  );

  test("a missing source is an error", async () => {
    bundle.mount({ destination: "/v", type: "bind", source: "/no/such/source", options: ["rbind"] });
    expect(await bundle.refusal(["true"])).toMatch(/open \/no\/such\/source.*No such file/);
  });
});

describe("file systems", () => {
  test("tmpfs takes its options", async () => {
    bundle.mount({
      destination: "/t",
      type: "tmpfs",
      source: "x",
      options: ["size=64k", "mode=1770", "noexec", "uid=3"],
    });
    expect(await bundle.sh("stat -c '%a %u' /t; grep ' /t ' /proc/self/mountinfo")).toMatch(
      /^1770 3\n.*noexec.* - tmpfs x .*size=64k/,
    );
  });

  test("tmpfs without a mode has that of what it covers", async () => {
    mkdirSync(bundle.inRootfs("t"));
    chmodSync(bundle.inRootfs("t"), 0o712);
    bundle.mount({ destination: "/t", type: "tmpfs", source: "tmpfs", options: ["ro"] });
    bundle.mount({ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1771"] });
    bundle.mount({ destination: "/new", type: "tmpfs", source: "tmpfs" });
    bundle.mount({ destination: "/copied", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
    expect(await bundle.sh("stat -c %a /t /tmp /new /copied")).toBe("712\n1771\n1777\n1777\n");
  });

  test("one that is mounted at / is the rootfs of what comes then", async () => {
    const others = bundle.config.mounts;
    bundle.config.root.readonly = true;
    bundle.config.mounts = [
      { destination: "/", type: "tmpfs", source: "on-top", options: ["tmpcopyup"] },
      ...others,
    ];
    const script = "grep -c ' / / .* - tmpfs on-top ' /proc/self/mountinfo; touch /x 2>&1 || true";
    expect(await bundle.sh(script)).toBe("1\ntouch: /x: Read-only file system\n");
    cpSync(bundle.rootfs, bundle.outside("other"), { recursive: true, verbatimSymlinks: true });
    writeFileSync(bundle.outside("other/mark"), "other\n");
    bundle.config.mounts = [
      { destination: "/", type: "bind", source: bundle.outside("other"), options: ["rbind"] },
      ...others,
    ];
    expect(await bundle.sh("cat /mark; ls /dev/null")).toBe("other\n/dev/null\n");
  });

  test("options that only tell the kernel what it does anyway are taken", async () => {
    const options = ["async", "nomand", "silent", "loud", "iversion", "noiversion", "nolazytime", "dirsync"];
    bundle.mount({ destination: "/t", type: "tmpfs", source: "tmpfs", options });
    expect(await bundle.sh("grep -c ' /t .*dirsync' /proc/self/mountinfo")).toBe("1\n");
  });

  test("an option that the kernel refuses is named", async () => {
    bundle.mount({ destination: "/t", type: "tmpfs", options: ["nosuchoption=1"] });
    expect(await bundle.refusal(["true"])).toMatch(/mount \/t: .*tmpfs.*nosuchoption/);
  });

  test("tmpcopyup starts with what the image has there", async () => {
    mkdirSync(bundle.inRootfs("data/sub"), { recursive: true });
    writeFileSync(bundle.inRootfs("data/sub/file"), "image\n", { mode: 0o640 });
    symlinkSync("sub/file", bundle.inRootfs("data/link"));
    bundle.mount({ destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
    const out = await bundle.sh("cat /data/link; stat -c %a /data/sub/file; echo changed >/data/sub/file");
    expect(out).toBe("image\n640\n");
    expect(readdirSync(bundle.inRootfs("data"))).toEqual(["link", "sub"]);
    expect(await bundle.sh("cat /data/sub/file")).toBe("image\n");
  });

  test("proc, sysfs, mqueue, devpts and cgroup", async () => {
    bundle.mount({
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: ["ro", "nosuid", "noexec", "nodev"],
    });
    bundle.mount({
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["ro", "nosuid"],
    });
    bundle.mount({ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid"] });
    const table = await mounts();
    expect(table["/sys"]).toMatchObject({ type: "sysfs", options: expect.arrayContaining(["ro", "nosuid"]) });
    expect(table["/sys/fs/cgroup"]?.options).toContain("ro");
    expect(table["/dev/mqueue"]?.type).toBe("mqueue");
    expect(table["/dev/pts"]?.type).toBe("devpts");
  });

  test("without a network namespace of its own, /sys is the host's, with cgroups read-only", async () => {
    bundle.withoutNamespace("network");
    bundle.mount({
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: ["nosuid", "noexec", "nodev"],
    });
    const table = await mounts();
    expect(table["/sys"]?.type).toBe("sysfs");
    for (const [path, mount] of Object.entries(table)) {
      if (path.startsWith("/sys/")) expect(mount.options, path).toContain("ro");
    }
  });
});

describe("/dev", () => {
  test("has the default devices and links", async () => {
    const out = await bundle.sh(
      "cd /dev; stat -c '%n %F %t:%T' null zero full random urandom tty; for link in fd stdin stdout stderr ptmx core; do readlink $link; done; echo x >null; head -c 3 zero | wc -c",
    );
    expect(out).toBe(
      "null character special file 1:3\nzero character special file 1:5\nfull character special file 1:7\n" +
        "random character special file 1:8\nurandom character special file 1:9\ntty character special file 5:0\n" +
        "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n/proc/kcore\n3\n",
    );
  });

  test("has configured devices of the host, and none that only share a name", async () => {
    bundle.config.linux.devices = [
      { path: "/dev/sub/kmsg2", type: "c", major: 1, minor: 3, fileMode: 0o666 },
    ];
    expect(await bundle.refusal(["true"])).toMatch(/find device \/dev\/sub\/kmsg2 \(1:3\) on the host/);
    bundle.config.linux.devices = [{ path: "/dev/null", type: "c", major: 1, minor: 5 }];
    expect(await bundle.refusal(["true"])).toMatch(/find device \/dev\/null \(1:5\) on the host/);
    bundle.config.linux.devices = [{ path: "/dev/pipe", type: "p", fileMode: 0o600 }];
    expect(await bundle.sh("stat -c '%F %a' /dev/pipe")).toBe("fifo 600\n");
    bundle.config.linux.devices = [{ path: "/pipe", type: "p", fileMode: 0o600 }];
    const inode = await bundle.sh("stat -c %i /pipe");
    expect(await bundle.sh("stat -c %i /pipe")).toBe(inode);
    writeFileSync(bundle.inRootfs("file"), "");
    bundle.config.linux.devices = [{ path: "/file", type: "p" }];
    expect(await bundle.refusal(["true"])).toMatch(
      /linux.devices: \/file is there already, and something else/,
    );
  });

  test("has its own terminals, also where the host's multiplexer is among the devices", async () => {
    bundle.config.linux.devices = [{ path: "/dev/ptmx", type: "c", major: 5, minor: 2 }];
    expect(await bundle.sh("readlink /dev/ptmx")).toBe("pts/ptmx\n");
  });
});

describe("masked and read-only paths", () => {
  test("files read as empty, directories have nothing in them, and nothing can be written", async () => {
    mkdirSync(bundle.inRootfs("hidden"));
    mkdirSync(bundle.inRootfs("hidden2"));
    writeFileSync(bundle.inRootfs("hidden/file"), "secret");
    writeFileSync(bundle.inRootfs("hidden2/file"), "secret");
    writeFileSync(bundle.inRootfs("secret"), "secret");
    bundle.config.linux.maskedPaths = ["/secret", "/hidden", "/hidden2", "/proc/keys", "/no/such/path"];
    const out = await bundle.sh(
      "cat /secret /proc/keys; ls -A /hidden /hidden2; for d in /hidden /hidden2; do touch $d/x 2>&1 || true; done",
    );
    expect(
      out
        .replaceAll(/^\/hidden2?:$|^$/gm, "")
        .trim()
        .split("\n"),
    ).toEqual([expect.stringMatching(/Read-only/), expect.stringMatching(/Read-only/)]);
  });

  test("read-only paths keep their contents", async () => {
    writeFileSync(bundle.inRootfs("etc/conf"), "kept\n");
    bundle.config.linux.readonlyPaths = ["/etc", "/proc/sys", "/no/such/path"];
    const out = await bundle.sh(
      "cat /etc/conf; touch /etc/x 2>&1 || true; echo 1 2>&1 >/proc/sys/kernel/domainname || true",
    );
    expect(out).toMatch(/^kept\n.*Read-only/);
    expect(mountTable(await bundle.sh("cat /proc/self/mountinfo"))["/proc/sys"]?.options).toContain("ro");
  });
});
