import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { controllers, isUnified } from "../../host/cgroup.ts";
import { type Context, isRealRoot } from "../../host/context.ts";
import { processFacts } from "../../host/facts.ts";
import { findProgram, isExecutable } from "../../host/programs.ts";
import { firstFreeRange } from "../../oci/subordinate-ids.ts";
import { storageDriver } from "../../storage/driver.ts";
import { cgroupManager, parentCgroup } from "../container/cgroup.ts";

export interface Finding {
  level: "ok" | "warning" | "error";
  what: string;
  /** The exact command that cures it; "" where nothing is to be done. */
  cure: string;
}

/** Looks at everything on the host that containers need. */
export function doctor(ctx: Context): Finding[] {
  return [
    ...userNamespace(ctx),
    mappingHelpers(ctx),
    program("slirp4netns", "slirp4netns", "error", "connects containers to the network", true),
    program("pasta", "passt", "warning", "the alternative to slirp4netns", true),
    program("netavark", "netavark", "warning", "networks that containers share", true),
    program("aardvark-dns", "aardvark-dns", "warning", "names in networks that containers share", true),
    program("iptables", "iptables", "warning", "networks that containers share", true),
    program("fuse-overlayfs", "fuse-overlayfs", "warning", "needed for --userns=keep-id", true),
    ...devices(),
    ...storage(ctx),
    ...cgroups(ctx),
    ...runDirectory(ctx),
  ];
}

const ok = (what: string): Finding => ({ level: "ok", what, cure: "" });

function userNamespace(ctx: Context): Finding[] {
  if (isRealRoot(ctx)) return [ok("running as real root: no user namespace is needed")];
  const name = os.userInfo().username || String(ctx.uid);
  const user = process.env.USER || name;
  const { uidCount } = processFacts();
  if (ctx.namespace === "inside")
    return [ok(`inside a user namespace that was there, ${uidCount} ids mapped`)];
  if (ctx.namespace === "single" && !hasMappingHelpers()) return [ok("only one id is mapped: see newuidmap")];
  if (ctx.namespace === "single" || uidCount < 65536) {
    const { start, end } = firstFreeRange(...["/etc/subuid", "/etc/subgid"].map(textOf));
    const range = `${start}-${end}`;
    return [
      {
        level: uidCount <= 1 ? "error" : "warning",
        what:
          uidCount <= 1
            ? "no subordinate ids: only one user exists in containers, and most images can't be unpacked"
            : `only ${uidCount} ids are mapped; images use up to 65536`,
        cure: `sudo usermod --add-subuids ${range} --add-subgids ${range} ${user}`,
      },
    ];
  }
  return [ok(`user namespace with ${uidCount} ids`)];
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The launcher takes them from the PATH, as everybody does: the administrator decides which are setuid. */
function hasMappingHelpers(): boolean {
  const directories = (process.env.PATH ?? "").split(":");
  return ["newuidmap", "newgidmap"].every((name) =>
    directories.some((one) => isExecutable(path.join(one, name))),
  );
}

function mappingHelpers(ctx: Context): Finding {
  if (isRealRoot(ctx) || ctx.namespace === "inside") return ok("newuidmap: not needed here");
  if (hasMappingHelpers()) return ok("newuidmap and newgidmap are installed");
  return {
    level: "error",
    what: "newuidmap or newgidmap is not in the PATH: only one user exists in containers, and most images can't be unpacked",
    cure: "sudo apt install uidmap",
  };
}

function program(
  name: string,
  packageName: string,
  level: Finding["level"],
  why: string,
  needed: boolean,
): Finding {
  const file = findProgram(name);
  if (file || !needed) return ok(file ? `${name}: ${file}` : `${name}: not needed here`);
  return { level, what: `${name} is not installed (${why})`, cure: `sudo apt install ${packageName}` };
}

function devices(): Finding[] {
  const wanted = [
    { file: "/dev/fuse", why: "fuse-overlayfs", module: "fuse" },
    { file: "/dev/net/tun", why: "slirp4netns and pasta", module: "tun" },
  ];
  return wanted.map(({ file, why, module }): Finding => {
    try {
      fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
      return ok(`${file} is usable`);
    } catch {
      const missing = !fs.existsSync(file);
      return {
        level: module === "tun" ? "error" : "warning",
        what: `${file} is ${missing ? "missing" : "not accessible"} (${why} needs it)`,
        cure: missing ? `sudo modprobe ${module}` : `sudo chmod 0666 ${file}`,
      };
    }
  });
}

function storage(ctx: Context): Finding[] {
  const { driver } = storageDriver(ctx);
  const findings: Finding[] =
    driver === "vfs"
      ? [
          {
            level: "warning",
            what: "storage driver vfs: every container copies its image",
            cure: "sudo apt install fuse-overlayfs",
          },
        ]
      : [ok(`storage driver ${driver} in ${ctx.graphRoot}`)];
  const space = fs.statfsSync(existing(ctx.graphRoot));
  const free = space.bavail * space.bsize;
  if (free < 1 << 30) {
    findings.push({
      level: "warning",
      what: `only ${Math.round(free / (1 << 20))} MiB free in ${ctx.graphRoot}`,
      cure: "coracle rmi --all",
    });
  }
  return findings;
}

function existing(directory: string): string {
  return fs.existsSync(directory) ? directory : existing(path.dirname(directory));
}

function cgroups(ctx: Context): Finding[] {
  if (!isUnified()) {
    return [
      {
        level: "warning",
        what: "/sys/fs/cgroup is not a pure cgroup v2 mount: no limits, no pause",
        cure: `${kernelArgument("systemd.unified_cgroup_hierarchy=1")} # then reboot`,
      },
    ];
  }
  const systemd = cgroupManager(ctx) === "systemd";
  const cgroup = parentCgroup(ctx);
  if (cgroup === null) {
    return [
      {
        level: "warning",
        what: "no cgroup is delegated to this session: no limits, no pause",
        cure: "loginctl enable-linger; systemd-run --user --scope --property=Delegate=yes $SHELL",
      },
    ];
  }
  const missing = ["cpu", "memory", "pids"].filter((name) => !controllers(cgroup).includes(name));
  if (missing.length === 0)
    return [ok(systemd ? "systemd makes cgroups for containers" : `cgroup ${cgroup} is delegated`)];
  return [
    {
      level: "warning",
      what: `cgroup ${cgroup} is delegated without ${missing.join(", ")}: no such limits`,
      cure: "sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload",
    },
  ];
}

/** Fedora and its kin have grubby; elsewhere GRUB's defaults are a shell file. */
function kernelArgument(argument: string): string {
  if (findProgram("grubby")) return `sudo grubby --update-kernel=ALL --args=${argument}`;
  return `sudo sed -i 's/^GRUB_CMDLINE_LINUX="/&${argument} /' /etc/default/grub && sudo update-grub`;
}

function runDirectory(ctx: Context): Finding[] {
  if (ctx.runRoot === `/tmp/coracle-${ctx.uid}`) {
    return [
      {
        level: "warning",
        what: `no XDG_RUNTIME_DIR: sockets and locks are in ${ctx.runRoot}`,
        cure: `sudo loginctl enable-linger ${process.env.USER ?? ""}`.trim(),
      },
    ];
  }
  return [ok(`run directory ${ctx.runRoot}`)];
}
