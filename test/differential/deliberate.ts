/**
 * Where Coracle differs from Debian's Podman 4.3 on purpose. `ours` has those parts of the outcome that differ, as they
 * have to be; a part that doesn't differ (any more) fails the test, and so does a line that no scenario has.
 * Not listed, since they are allowed everywhere: remedies that follow Podman's error text (normalise.ts).
 */
export interface Difference {
  /** Lines as the scenarios have them. */
  lines: string[];
  reason: string;
  ours: { exitCode?: number; stdout?: string | RegExp; stderr?: string | RegExp };
}

const progress = (blobs: number) =>
  `${"Copying blob sha256:<ID>\n".repeat(blobs)}Copying config sha256:<ID>\nWriting manifest to image destination\n`;

export const deliberate: Difference[] = [
  {
    lines: [
      "MINE='x y' podman generate systemd --no-header -n --container-prefix '' --separator _ --restart-policy always --restart-sec 3 --start-timeout 7 --stop-timeout 9 --wants a.service --wants b.service --after c.service --requires d.service -e A=b -e 'C=d e' -e MINE -e NOPE web 2>/dev/null | grep -v -e ^PIDFile= -e ^RequiresMountsFor=",
    ],
    reason: "4.3 drops --restart-sec",
    ours: { stdout: /^Restart=always\nRestartSec=3\nTimeoutStartSec=7$/m },
  },
  {
    lines: [
      "podman inspect f8 --format '{{.HostConfig.Privileged}} {{json .HostConfig.Devices}} {{json .HostConfig.GroupAdd}} {{.HostConfig.PublishAllPorts}}'",
    ],
    reason: "4.3 forgets --publish-all",
    ours: { stdout: /^true .* true$/m },
  },
  {
    lines: ["podman run --rm --network none --entrypoint '' rich:1.0"],
    reason: "Podman 5 leaves it to the runtime what to do without a command",
    ours: {
      exitCode: 126,
      stderr: "Error: executable path not specified; the image has no command: name one after it\n",
    },
  },
  {
    lines: [
      "podman inspect --type bogus f9",
      "podman inspect --type nosuch rich:1.0",
      "podman inspect --type constructor rich:1.0",
    ],
    reason: "Podman 5 has artifacts, too",
    ours: {
      stderr:
        /^Error: invalid type "\w+": must be "image", "container", "pod", "network", "volume", "artifact", or "all"\n$/,
    },
  },
  {
    lines: ["podman inspect f9 --format '{{.HostConfig.RestartPolicy}}'"],
    reason: "Podman 5 names the policy where none is asked for",
    ours: { stdout: "{no 0}\n" },
  },
  {
    lines: [
      "podman inspect -f '{{json .HostConfig.RestartPolicy}} {{json .NetworkSettings.Ports}} {{json .HostConfig.Binds}} {{json .Config.Labels}}' xone",
    ],
    reason: "Podman 5 names the policy where none is asked for",
    ours: { stdout: /^{"Name":"no","MaximumRetryCount":0} / },
  },
  {
    lines: ["podman run --rm --network none -e TERM=t -e =x bb env"],
    reason: "Podman 5's text",
    ours: { stderr: 'Error: invalid variable: "=x"\n' },
  },
  {
    lines: [
      "podman run --rm --network none -e TERM=t --env-file missing bb env",
      "podman exec --env-file missing box true",
    ],
    reason: "Podman 5's text",
    ours: { stderr: 'Error: parsing file "missing": open missing: no such file or directory\n' },
  },
  {
    lines: ["podman exec --env-file nosuch box true"],
    reason: "Podman 5's words for it",
    ours: { stderr: 'Error: parsing file "nosuch": open nosuch: no such file or directory\n' },
  },
  {
    lines: ["podman run --rm --network none --device-cgroup-rule 'c 1:3 rwm' bb true"],
    reason: "Podman 5 refuses what an ordinary user can't have",
    ours: {
      exitCode: 125,
      stderr:
        "Error: device cgroup rules are not supported in rootless mode or in a user namespace; --device makes the devices usable that you may use yourself\n",
    },
  },
  {
    lines: [
      "podman create --name xa bb true",
      "podman run --name xa bb true",
      "podman run --name r bb true",
      "podman container clone --name yb xa",
    ],
    reason: "Podman 5 has a remedy of its own",
    ours: { stderr: /that name is already in use, or use --replace to instruct <PROGRAM> to do so\.\n$/ },
  },
  {
    lines: ["podman volume inspect data", "podman volume inspect iv --format '{{json .}}'"],
    reason: "Podman 5 shows the number of a lock, too",
    ours: { stdout: /"LockNumber": ?0\b/ },
  },
  {
    lines: ["podman load -i missing"],
    reason: "Podman 5 names another system call",
    ours: { stderr: "Error: faccessat missing: no such file or directory\n" },
  },
  {
    lines: ["podman exec box /etc/passwd"],
    reason: "the error names the file",
    ours: {
      stderr:
        "Error: executable file `/etc/passwd` is not executable: Permission denied: OCI permission denied; make the file executable, or name its interpreter\n",
    },
  },
  {
    lines: ["podman exec -u guest box id"],
    reason: "a user's own group is among its groups, as in Podman 5 (CVE-2022-2989)",
    ours: { stdout: "uid=1000(guest) gid=1000(guest) groups=50(staff),1000(guest)\n" },
  },
  {
    lines: ["podman exec -u 1234:99 box id"],
    reason: "a user's own group is among its groups, as in Podman 5 (CVE-2022-2989)",
    ours: { stdout: "uid=1234 gid=99 groups=99\n" },
  },
  {
    lines: ["podman --runtime-flag invalidflag run --rm --network none bb true"],
    reason: "each runtime complains in its own words",
    ours: { stderr: /^Error: .*-runtime: unrecognized option '--invalidflag'\n/ },
  },
  {
    lines: ["podman exec -w relative box pwd"],
    reason: "the error says from where the relative directory was looked for",
    ours: {
      stderr:
        "Error: chdir `/relative`: No such file or directory: OCI runtime attempted to invoke a command that was not found\n",
    },
  },
  {
    lines: ["podman exec --cidfile missing true"],
    reason: "4.3 has no exec --cidfile",
    ours: { stderr: "Error: reading CIDFile: open missing: no such file or directory\n" },
  },
  {
    lines: ["podman exec --cidfile cid echo by-cidfile"],
    reason: "4.3 has no exec --cidfile",
    ours: { exitCode: 0, stdout: "by-cidfile\n", stderr: "" },
  },
  {
    lines: ["podman top box -o pid,comm", "podman top box '-o pid,comm'"],
    reason: "Podman 5 runs the host's ps",
    ours: { stdout: /^ +PID COMMAND\n( +\d+ (sh|sleep)\n)+ +\d+ ps\n$/ },
  },
  {
    lines: ["podman top box bogus", "podman top box nosuch", "podman top box hpid,nosuch"],
    reason: "Podman 5 runs the host's ps, which knows no such columns",
    ours: { exitCode: 125, stdout: "", stderr: /^Error: ps\(1\) failed with exit code 1: error: .*\n$/ },
  },
  {
    lines: ["podman logs --tail 1 half"],
    reason: "4.3 takes a last line without its end for no line, and joins it to the one before",
    ours: { stdout: "three" },
  },
  {
    lines: ["podman attach box"],
    reason:
      "attach ends with the container's exit code, as start --attach and docker attach, and adds no empty line",
    ours: { exitCode: 4, stdout: "done\n" },
  },
  {
    lines: ["podman wait --ignore nosuch"],
    reason: "4.3 has no wait --ignore",
    ours: { exitCode: 0, stdout: "-1\n", stderr: "" },
  },
  {
    lines: [
      "podman rm nosuch",
      "podman container rm xc",
      "podman rm xb nosuch1 nosuch2",
      "podman rm a1 nosuch a2",
    ],
    reason: "since Podman 5 `rm` says it in the words of the place where it looks last",
    ours: { stderr: /^Error: no container with ID or name "(nosuch1?|xc)" found: no such container/m },
  },
  {
    lines: ["podman exec box", "podman exec ended", "podman exec --latest"],
    reason: "since Podman 5 it is 125",
    ours: { exitCode: 125 },
  },
  {
    lines: ["podman create --name /slash bb true | wc -c"],
    reason: "since Podman 5 a name may begin with Docker's slash",
    ours: { stdout: "65\n", stderr: "" },
  },
  {
    lines: ["podman run --rm --network none -p 8080:80 bb true"],
    reason: "since Podman 5 the text names the mode",
    ours: {
      stderr:
        'Port mappings have been discarded because "none" network namespace mode does not support them\n',
    },
  },
  {
    lines: ["podman create --replace --name xb bb true | wc -c"],
    reason: "4.3 prints the name of the container that is replaced, too",
    ours: { stdout: "65\n" },
  },
  {
    lines: ["podman ps --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'"],
    reason: "since Podman 4.6 .State is the state; what 4.3 has there is .Status",
    ours: { stdout: "r localhost/bb:latest sleep 1000 running\n" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}|{{.Labels}}|{{.State}}'"],
    reason: "since Podman 4.6 .State is the state; what 4.3 has there is .Status",
    ours: {
      stdout: "four|map[a:2]|running\none|map[a:1 b:]|created\nthree|map[]|exited\ntwo|map[]|created\n",
    },
  },
  {
    lines: ["podman restart --time x ended", "podman stop -t x twice"],
    reason: "since Podman 5 the time is signed: -1 waits for ever",
    ours: {
      stderr:
        /^Error: invalid argument "x" for "-t, --time" flag: strconv\.ParseInt: parsing "x": invalid syntax\nSee '<PROGRAM> (stop|restart) --help'\n$/,
    },
  },
  {
    lines: [
      "podman inspect f5 --format '{{json .HostConfig.CapAdd}} {{json .HostConfig.CapDrop}} {{json .HostConfig.SecurityOpt}} {{json .EffectiveCaps}} {{json .BoundingCaps}}'",
    ],
    reason: "Podman 5 compares with the default capabilities; 4.3 with a longer list",
    ours: { stdout: /^\["CAP_NET_ADMIN"\] \["CAP_CHOWN"\] / },
  },
  {
    lines: [
      "podman inspect -f '{{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}} {{.BoundingCaps}} {{.HostConfig.ShmSize}}' xone",
    ],
    reason: "Podman 5 compares with the default capabilities; 4.3 with a longer list",
    ours: { stdout: /^\[\] \[\] / },
  },
  {
    lines: ["podman restart --running"],
    reason: "it means all that run, as documented; 4.3 wants names as well",
    ours: { exitCode: 0, stderr: "" },
  },
  {
    lines: ["podman stop --cidfile missing --ignore", "podman rm --cidfile missing --ignore"],
    reason: "a missing file is ignored, as documented; 4.3 refuses it",
    ours: { exitCode: 0, stderr: "" },
  },
  {
    lines: ["podman stop -t 0 p"],
    reason: "a paused container is stopped; 4.3 kills it and then fails to clean up",
    ours: { exitCode: 0, stdout: "p\n", stderr: "" },
  },
  {
    lines: ['podman ps -a --sort names --format \'{{.Names}} {{.Label "a"}}{{.Label "constructor"}}\''],
    reason: "4.3 has no .Label",
    ours: { exitCode: 0, stdout: "four 2\none 1\nthree \ntwo \n", stderr: "" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}} {{.IsInfra}} {{.AutoRemove}} {{.Restarts}}'"],
    reason: "4.3 has no .Restarts",
    ours: {
      exitCode: 0,
      stdout: ["four", "one", "three", "two"].map((name) => `${name} false false 0\n`).join(""),
      stderr: "",
    },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}' --filter label!=a"],
    reason: "4.3 has no filter label!",
    ours: { exitCode: 0, stdout: "three\ntwo\n", stderr: "" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}' --filter ancestor=bb"],
    reason: "an image goes by any of its names, as documented; 4.3 knows only the full one",
    ours: { stdout: "four\none\nthree\ntwo\n" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}' --filter name=one,two"],
    reason: "since Podman 5 a comma is part of the filter",
    ours: { exitCode: 0, stderr: "" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}' --filter restart-policy=no"],
    reason: "a container without a restart policy has the policy no",
    ours: { stdout: "four\none\nthree\ntwo\n" },
  },
  {
    lines: ["podman ps -a --sort names --format '{{.Names}}' --filter volume=/data"],
    reason: "the place of a volume finds it, as documented; 4.3 knows only its source",
    ours: { stdout: "two\n" },
  },
  {
    lines: ["podman run --rm --network none bb /etc/passwd"],
    reason:
      "which file can't be executed is worth knowing; `Permission denied: OCI permission denied` is there, too",
    ours: {
      stderr: /^Error: executable file `\/etc\/passwd` .*: Permission denied: OCI permission denied; .*\n$/,
    },
  },
  {
    lines: ["podman run --rm --network none --group-add nosuch bb id"],
    reason: "as of a group of --user; the id of a container that nobody has seen tells nothing",
    ours: { stderr: "Error: unable to find group nosuch: no matching entries in group file\n" },
  },
  {
    lines: ["podman run --rm --network none -w relative bb pwd"],
    reason:
      "Podman never finds a relative directory, whatever the image has; we say so before there is a container",
    ours: { exitCode: 125, stderr: 'Error: the working directory "relative" is not an absolute path\n' },
  },
  {
    lines: ["podman run --rm --network none --oom-score-adj 5000 bb true"],
    reason: "its range is documented: what is out of it is refused before there is a container",
    ours: { exitCode: 125, stderr: "Error: --oom-score-adj 5000 is not between -1000 and 1000\n" },
  },
  {
    lines: [
      "podman run --rm --network none bb cat /etc/hosts",
      "podman run --rm --network none --name named bb cat /etc/hosts",
      "podman run --rm --network none --add-host a:1.2.3.4 --add-host b:::1 bb cat /etc/hosts",
    ],
    reason:
      "Podman 5 gives the host Docker's name, too; and a random name of a container is another one each time",
    ours: {
      stdout: /\n\S+\thost\.containers\.internal host\.docker\.internal\n127\.0\.0\.1\t<SHORT ID> \w+\n$/,
    },
  },
  {
    lines: ["podman run --rm --network none bb sh -c 'wc -c </etc/hostname'"],
    reason: "Podman 5 ends the line",
    ours: { stdout: "13\n" },
  },
  {
    lines: ["podman run --rm --network none --hostname box bb cat /etc/hostname /etc/hosts"],
    reason: "Podman 5 ends the line, and gives the host Docker's name, too",
    ours: {
      stdout:
        /^box\n127(.*\n)+\S+\thost\.containers\.internal host\.docker\.internal\n127\.0\.0\.1\tbox \w+\n$/,
    },
  },
  {
    lines: ["podman run --rm --network none --init bb ps -o pid,args"],
    reason: "ours brings its own init; Podman needs catatonit, which may be missing",
    ours: { exitCode: 0, stdout: /^PID +COMMAND\n +1 \/run\/<PROGRAM>-init -- ps -o pid,args\n/, stderr: "" },
  },
  {
    lines: ["podman run --rm --network none --tz Nosuch/Zone bb true"],
    reason: "Podman 5's text",
    ours: {
      stderr:
        /^Error: running container create option: finding timezone: unknown time zone Nosuch\/Zone; .*\n$/,
    },
  },
  {
    lines: ["podman run --rm --network none --cidfile cid bb true; wc -c <cid"],
    reason: "Podman 5 removes the file with the container",
    ours: { exitCode: 2, stdout: "", stderr: /cid: No such file/ },
  },
  {
    lines: ["podman run --rm --network none --cidfile cid bb true"],
    reason: "Podman 5 has removed the file with the container of the line before",
    ours: { exitCode: 0, stderr: "" },
  },
  {
    lines: ["podman run --rm --network none --pidfile pid bb true"],
    reason: "Podman 4.3 fails with a relative path",
    ours: { exitCode: 0, stderr: "" },
  },
  {
    lines: [
      "podman inspect f9 --format '{{.State.Health}}'",
      "podman inspect f9 --format '{{.State.Healthcheck}}'",
    ],
    reason: "in Podman 5 there is none where nothing is checked",
    ours: { stdout: "<nil>\n" },
  },
  {
    lines: ["podman commit -q -c 'FOO bar' xa"],
    reason: "Podman 5's text",
    ours: {
      stderr:
        /^Error: applying changes: processing change "FOO bar": did not understand change instruction "FOO bar"; .*\n$/,
    },
  },
  {
    lines: ["podman container cleanup box 2>/dev/null; echo $?"],
    reason: "since Podman 5.3 one that runs is left alone, which is no error",
    ours: { stdout: "box\n0\n" },
  },
  {
    lines: ["podman images --filter before=nosuch"],
    reason: "Podman 4.3 says «filter» twice, Podman 5 once",
    ours: {
      stderr: 'Error: could not find local image for filter "before"="nosuch": nosuch: image not known\n',
    },
  },
  {
    lines: ["podman images --filter nonsense=1"],
    reason: "Podman 5's text",
    ours: {
      stderr:
        /^Error: invalid image filter "nonsense": must be in the format "filter=value or filter!=value"; .*\n$/,
    },
  },
  {
    lines: ["podman images --filter intermediate=true"],
    reason: "Podman contradicts itself: without --all it adds intermediate=false, and so never shows any",
    ours: { exitCode: 0, stdout: /^REPOSITORY .*\n$/, stderr: "" },
  },
  {
    lines: ["podman load -i /etc/passwd", "podman load </dev/null"],
    reason: "errors are one line; Podman tells for each of four forms why it isn't that one",
    ours: {
      stderr:
        /^Error: payload does not match any of the supported image formats: .* is not a usable archive: .*\n$/,
    },
  },
  {
    lines: [
      "podman save bb -o bb.tar",
      "podman save --format oci-archive -o oci.tar bb",
      "podman save --format oci-dir -o ocidir bb",
      "podman save --format docker-dir -o dockerdir bb",
      "podman save -o two2.tar bb layers",
    ],
    reason: "Podman 5 no longer says «Storing signatures»",
    ours: { stderr: progress(1) },
  },
  {
    lines: ["podman load -i $LAYERS"],
    reason: "Podman 5 no longer says «Storing signatures»",
    ours: { stderr: `Getting image source signatures\n${progress(3)}` },
  },
  {
    lines: ["podman pull oci-archive:$LAYERS", "podman run --rm --network none oci-archive:$LAYERS echo ran"],
    reason: "layers that are here are told so; Podman 5 no longer says «Storing signatures»",
    ours: {
      stderr: `Getting image source signatures\n${"Copying blob sha256:<ID> skipped: already exists\n".repeat(3)}Copying config sha256:<ID>\nWriting manifest to image destination\n`,
    },
  },
  {
    lines: ["podman save -m -o two.tar bb layers"],
    reason: "Podman 5 no longer says «Storing signatures»",
    ours: { stderr: progress(1) + progress(3) },
  },
  {
    lines: ["podman load -q -i ocidir"],
    reason: "Podman 4.3 calls the image by its directory; in Podman 5 it gets no name",
    ours: { stdout: "Loaded image: sha256:<ID>\n" },
  },
  {
    lines: ["podman volume"],
    reason: "one sentence says what a group is for; which commands there are is the same",
    ours: { stdout: /^Manage volumes\n(.*\n)+ {2}unmount +Unmount volume\n\n$/ },
  },
  {
    lines: ["podman volume ls -n"],
    reason: "-n came with Podman 5",
    ours: { exitCode: 0, stdout: /^local +data\nlocal +two\n$/, stderr: "" },
  },
  {
    lines: ["podman run --rm --network none -v vol:/ bb true"],
    reason: "refused before anything is made, with a reason; in Podman the runtime fails on it",
    ours: { exitCode: 125, stderr: /^Error: invalid container path "\/", .*\n$/ },
  },
  {
    lines: ["podman run --rm --network none --mount src=bind,dst=/m bb cat /m/f"],
    reason: "in Podman 5 the type is `volume` where none is given",
    ours: { exitCode: 1, stderr: "cat: can't open '/m/f': No such file or directory\n" },
  },
  {
    lines: ["podman run --rm --network none --mount type=tmpfs,dst=/m,src=x bb true"],
    reason: "Podman 5's words",
    ours: { stderr: /^Error: "src" option not supported for "tmpfs" mount types/ },
  },
  {
    lines: [
      `podman run --rm --network none bb sh -c 'grep -c . /proc/mounts >/dev/null; cut -d" " -f2 /proc/mounts'`,
    ],
    reason: "the order in which the runtime mounts, and /proc/interrupts, which Podman 5 hides as well",
    ours: { stdout: /^\/\n\/proc\n(.*\n)*\/proc\/interrupts\n(.*\n)*$/ },
  },
  {
    lines: ["podman inspect init --format '{{.Config.StopSignal}} {{.Config.SystemdMode}}'"],
    reason: "Podman 5 gives the signal by its name",
    ours: { stdout: "SIGRTMIN+3 true\n" },
  },
];
