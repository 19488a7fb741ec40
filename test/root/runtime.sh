#!/bin/sh
# runtime.sh BIN
# What only real root has of our runtime: a cgroup of its own for each container, and with it a filter of devices.
# Runs in the surroundings that as-user.sh makes, for root.
set -eu
runtime=$1/coracle-runtime
work=$(mktemp -d "${CORACLE_TEST_TMP:-/var/tmp}/root.XXXXXX")
id=test-${work##*.}
rt() {
	"$runtime" --root "$work/state" "$@"
}
finish() {
	rt delete -f "$id" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
# expect WHAT-IS-ASKED EXPECTED ACTUAL
expect() {
	[ "$2" = "$3" ] || { echo "coracle-runtime as root: $1: $3 instead of $2" >&2 && exit 1; }
}
# config CGROUPS-PATH-MEMBER SCRIPT
config() {
	cat >"$work/config.json" <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
 "process": {"args": ["/bin/busybox", "sh", "-c", "$2"], "cwd": "/", "capabilities": {"bounding": ["CAP_MKNOD"], "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"]}},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
 "linux": {$1 "namespaces": [{"type": "mount"}, {"type": "pid"}], "resources": {"devices": [{"allow": false, "access": "rwm"}]}}}
CONFIG
}
mkdir -p "$work/rootfs/bin" "$work/rootfs/proc" "$work/rootfs/dev"
cp /bin/busybox "$work/rootfs/bin/"
cd "$work"

config '' "busybox grep -o '0::.*' /proc/self/cgroup; echo x >/dev/null && echo null; busybox mknod /dev/m c 1 11; : </dev/m"
expect "cgroup and devices" "0::/$id
null" "$(rt run "$id" 2>"$work/stderr" || true)"
grep -q "can't open /dev/m: Operation not permitted" "$work/stderr" || expect "a device that is not allowed" "not permitted" "$(cat "$work/stderr")"
[ ! -e "/sys/fs/cgroup/$id" ] || expect "cgroup afterwards" none "$(ls -d "/sys/fs/cgroup/$id")"

config "\"cgroupsPath\": \"$id/below\"," "busybox grep -o '0::.*' /proc/self/cgroup"
expect "a relative linux.cgroupsPath" "0::/$id/below" "$(rt run "$id")"
rmdir "/sys/fs/cgroup/$id"

config '' 'busybox sleep 1000'
rt run -d "$id"
rt pause "$id"
expect "state while paused" '"paused"' "$(rt state "$id" | grep -o '"paused"')"
rt resume "$id"
rt kill --all "$id" KILL
while rt state "$id" | grep -q '"running"'; do sleep 0.05; done
rt delete "$id"
expect "state afterwards" "" "$(ls "$work/state")"

# Without a mount namespace: a chroot, in which the devices are made, and nothing is mounted on the host.
cat >config.json <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
 "process": {"args": ["/bin/busybox", "sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"]},
 "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}]}}
CONFIG
cat /proc/self/mountinfo >before
rt create "$id"
expect "exec in a chroot that is only created" "bin dev proc /" "$(rt exec "$id" busybox sh -c 'cd /; echo * $PWD')"
rt start "$id"
expect "exec in a chroot" "bin dev proc /bin" "$(rt exec --cwd /bin "$id" busybox sh -c 'echo $(cd /; echo *) $PWD; echo x >/dev/null')"
rt delete -f "$id"
cmp before /proc/self/mountinfo
expect "devices of a chroot" "1:3 1:5" "$(stat -c %t:%T rootfs/dev/null rootfs/dev/zero | xargs)"

# A cgroup that the container may write to is its user's.
for ro in '' '"ro", '; do
	cat >config.json <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
 "process": {"args": ["/bin/busybox", "sh", "-c", "cd /sys/fs/cgroup; busybox stat -c %u . cgroup.procs memory.pressure; busybox mkdir below 2>/dev/null && echo made"],
  "cwd": "/", "user": {"uid": 5, "gid": 6}},
 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
  {"destination": "/sys", "type": "tmpfs", "source": "tmpfs"},
  {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [$ro"nosuid"]}],
 "linux": {"cgroupsPath": "/$id", "namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "user"}, {"type": "cgroup"}],
  "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 1000}]}}
CONFIG
	chown -R 100000:200000 rootfs
	expected="5 5 65534 made"
	[ -z "$ro" ] || expected="65534 65534 65534"
	expect "owner of a cgroup, options $ro" "$expected" "$(rt run "$id" | xargs)"
done

# Id mappings of a mount, which need one of a file system that is real root's.
mkdir volume && echo x >volume/file && chown 7:8 volume/file
config '' 'busybox stat -c %u:%g /v/file'
sed -i 's,"mounts": \[,&{"destination": "/v"\, "type": "bind"\, "source": "volume"\, "options": ["rbind"]\, "uidMappings": [{"containerID": 7\, "hostID": 1007\, "size": 1}]\, "gidMappings": [{"containerID": 8\, "hostID": 1008\, "size": 1}]}\,,' config.json
expect "owner in a mount with id mappings" 1007:1008 "$(rt run "$id")"

# A device never replaces what somebody has there.
config '"devices": [{"path": "/file", "type": "c", "major": 1, "minor": 3}],' 'busybox true'
echo contents >rootfs/file
expect "a device in a file's place" "Error: linux.devices: /file is there already, and something else" "$(rt run "$id" 2>&1)"
expect "the file" contents "$(cat rootfs/file)"
rm rootfs/file

# In a user namespace devices can't be made, nor need the host have them: they are made outside, with their owners and modes.
cat >config.json <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
 "process": {"args": ["/bin/busybox", "sh", "-c", "busybox stat -c '%n %a %u:%g %t:%T' /dev/null /dev/extra /dev/fifo; echo x >/dev/extra && busybox head -c 3 /dev/zero | busybox wc -c; busybox mknod /dev/m c 1 3"], "cwd": "/"},
 "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}],
 "hooks": {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "test -f $PWD/config.json"]}]},
 "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "user"}],
  "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 1000}],
  "devices": [{"path": "/dev/extra", "type": "c", "major": 1, "minor": 3, "fileMode": 434, "uid": 5, "gid": 6},
   {"path": "/dev/fifo", "type": "p", "fileMode": 384, "uid": 7, "gid": 8}]}}
CONFIG
chown -R 100000:200000 rootfs
chmod 755 "$work" # for the hook, whose root is not the host's
expect "devices in a user namespace" "/dev/null 666 0:0 1:3
/dev/extra 662 5:6 1:3
/dev/fifo 600 7:8 0:0
3" "$(rt run "$id" 2>"$work/stderr" || true)"
grep -q "Operation not permitted" "$work/stderr" || expect "mknod in a user namespace" "not permitted" "$(cat "$work/stderr")"

# Standard descriptors are no way to the host's devices, and a device's path may end with a slash.
config '"devices": [{"path": "/slash/", "type": "c", "major": 1, "minor": 3}],' \
	'busybox stat -c %t:%T /slash; busybox stat -L -c %d /dev/null /proc/self/fd/0 /proc/self/fd/2 | busybox uniq | busybox wc -l'
expect "a device with a slash, and /dev/null" "1:3 1" "$(rt run "$id" </dev/null 2>/dev/null | xargs)"
config '' 'busybox sleep 1000'
rt run -d "$id" </dev/null >/dev/null 2>&1
expect "/dev/null of an exec'ed process" 1 "$(rt exec "$id" /bin/busybox sh -c 'busybox stat -L -c %d /dev/null /proc/self/fd/0 | busybox uniq | busybox wc -l' </dev/null)"
rt delete -f "$id"

# All ids there are.
config '"uidMappings": [{"containerID": 0, "hostID": 0, "size": 4294967295}], "gidMappings": [{"containerID": 0, "hostID": 0, "size": 4294967295}],' \
	'busybox cat /proc/self/uid_map /proc/self/gid_map'
sed -i 's,{"type": "pid"},&\, {"type": "user"},' config.json
chown -R 0:0 rootfs
expect "a mapping of all ids" "0 0 4294967295 0 0 4294967295" "$(rt run "$id" | xargs)"

# A mapping in the options of a mount, in crun's form.
config '' 'busybox stat -c %u:%g /v/file'
sed -i 's,"mounts": \[,&{"destination": "/v"\, "type": "bind"\, "source": "volume"\, "options": ["rbind"\, "idmap=uids=0-0-1#7-1007-1;gids=8-1008-1"]}\,,' config.json
expect "owner in a mount with a mapping in its options" 1007:1008 "$(rt run "$id")"

# What root of a user namespace can't do, real root does for it: raise limits, reach volumes in others' directories.
mkdir -p theirs/volume && echo reached >theirs/volume/file && chown 12345 theirs && chmod 700 theirs
limit=4000
# Root of this machine may not be allowed to raise limits (CAP_SYS_RESOURCE).
(ulimit -n 5000 && prlimit --pid "$(exec sh -c 'echo $PPID')" --nofile=5000:6000) 2>/dev/null && limit=6000
[ $limit = 6000 ] || echo "coracle-runtime as root: limits above the caller's not tried, as root may not have them" >&2
cat >config.json <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
 "process": {"args": ["/bin/busybox", "sh", "-c", "busybox cat /v/file; ulimit -Hn"], "cwd": "/", "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1000, "hard": $limit}]},
 "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/v", "type": "bind", "source": "theirs/volume", "options": ["rbind"]}],
 "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "user"}],
  "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 1000}], "gidMappings": [{"containerID": 0, "hostID": 200000, "size": 1000}]}}
CONFIG
expect "a volume in another's directory, and a limit above ours" "reached $limit" "$( (ulimit -n 5000 && rt run "$id" 2>&1) | xargs)"
sed -i 's,"/bin/busybox"\, "sh"[^]]*,"/bin/busybox"\, "sleep"\, "1000",' config.json
rt run -d "$id"
expect "a limit of exec" $limit "$( (ulimit -n 5000 && rt exec "$id" /bin/busybox sh -c 'ulimit -Hn') 2>&1)"

# A mount has the ids of a user namespace that is joined.
pid=$(rt state "$id" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
mkdir -p "$work/joined" && cat >"$work/joined/config.json" <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "$work/rootfs"}, "process": {"args": ["/bin/busybox", "stat", "-c", "%u:%g", "/v/file"], "cwd": "/"},
 "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/v", "type": "bind", "source": "$work/volume", "options": ["rbind", "idmap"]}],
 "linux": {"namespaces": [{"type": "mount"}, {"type": "user", "path": "/proc/$pid/ns/user"}]}}
CONFIG
expect "owner in a mount with the ids of a joined namespace" 7:8 "$(rt run --bundle "$work/joined" "$id-joined" 2>&1)"
rt delete -f "$id"

# A working directory that only the caller may enter is entered all the same.
chown -R 0:0 rootfs && mkdir -p rootfs/private && chmod 700 rootfs/private
cat >config.json <<CONFIG
{"ociVersion": "1.2.0", "root": {"path": "rootfs"}, "process": {"args": ["/bin/busybox", "pwd"], "cwd": "/private", "user": {"uid": 42, "gid": 42}},
 "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}], "linux": {"namespaces": [{"type": "mount"}]}}
CONFIG
expect "a working directory that the user may not enter" /private "$(rt run "$id" 2>&1)"

# Without pivot_root the rootfs is moved over /, but not over the host's: it has two of them here, which share.
sed -i 's/"namespaces"/"rootfsPropagation": "rshared", &/' config.json
expect "mounts at / after a run without pivot_root" "/private 1 1" "$(unshare --mount --propagation private sh -c '
	mount --make-rshared / && mount --bind rootfs rootfs && count() { awk "\$5 == \"/\"" /proc/self/mountinfo | wc -l; }
	before=$(count); "$0" --root "$1" run --no-pivot "$2"; echo $before $(count)' "$runtime" "$work/state" "$id" 2>&1 | xargs)"
