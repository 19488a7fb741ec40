import { describe, expect, it } from "vitest";
import { createFlags, runFlags } from "../../../../src/cli/container/flags.ts";

/** The options of podman-run(1), version 5. */
const podmanRun = `
add-host annotation arch attach authfile blkio-weight blkio-weight-device cap-add cap-drop cert-dir cgroup-conf
cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile cpu-period cpu-quota cpu-rt-period cpu-rt-runtime
cpu-shares cpus cpuset-cpus cpuset-mems creds decryption-key detach detach-keys device device-cgroup-rule
device-read-bps device-read-iops device-write-bps device-write-iops disable-content-trust dns dns-option dns-search
entrypoint env env-file env-host env-merge expose gidmap gpus group-add group-entry health-cmd health-interval
health-log-destination health-max-log-count health-max-log-size health-on-failure health-retries health-start-period
health-startup-cmd health-startup-interval health-startup-retries health-startup-success health-startup-timeout
health-timeout hostname hosts-file hostuser http-proxy image-volume init init-path interactive ip ip6 ipc label
label-file log-driver log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name network
network-alias no-healthcheck no-hostname no-hosts oom-kill-disable oom-score-adj os passwd passwd-entry personality pid
pidfile pids-limit platform pod pod-id-file preserve-fd preserve-fds privileged publish publish-all pull quiet rdt-class
read-only read-only-tmpfs replace requires restart retry retry-delay rm rmi rootfs sdnotify seccomp-policy secret
security-opt shm-size shm-size-systemd sig-proxy stop-signal stop-timeout subgidname subuidname sysctl systemd timeout
tls-verify tmpfs tty tz uidmap ulimit umask unsetenv unsetenv-all user userns uts variant volume volumes-from workdir
`
  .trim()
  .split(/\s+/);

const onlyRun = ["detach", "detach-keys", "preserve-fd", "preserve-fds", "sig-proxy"];

describe("the flags of run and create", () => {
  it("are all of Podman's", () => {
    expect(podmanRun.filter((name) => !Object.hasOwn(runFlags, name))).toEqual([]);
  });

  it("are the same but for staying with the container", () => {
    const extra = Object.keys(runFlags).filter((name) => !Object.hasOwn(createFlags, name));
    expect(extra.sort()).toEqual(onlyRun);
  });

  it("have Podman's letters", () => {
    const letters = Object.entries(runFlags).flatMap(([name, { char }]) => (char ? [`${char}=${name}`] : []));
    expect(letters.sort().join(" ")).toBe(
      "P=publish-all a=attach c=cpu-shares d=detach e=env h=hostname i=interactive l=label m=memory p=publish q=quiet " +
        "t=tty u=user v=volume w=workdir",
    );
  });
});
