#!/bin/sh
# parts-in-podman.sh BIN
# Podman as root with our runtime in place of crun, and with our conmon besides: what it does for an ordinary user is in
# test/e2e/parts-in-podman.test.ts. Runs in the surroundings that as-user.sh makes, for root.
set -eu
bin=$1
support=$(cd "$(dirname "$0")/../support" && pwd)
work=$(mktemp -d "${CORACLE_TEST_TMP:-/var/tmp}/root.XXXXXX")
box=
journald= made=
finish() {
	[ -z "$box" ] || podman rm -fa -t 0 >/dev/null 2>&1 || true
	if [ -n "$journald" ]; then
		kill "$journald"
		umount -l /run/systemd/journal /run/log
		# shellcheck disable=SC2086
		[ -z "$made" ] || rmdir $made
	fi
	rm -rf "$work"
}
# A journald of our own, whose sockets and files only this mount namespace has.
start_journald() {
	program=/lib/systemd/systemd-journald
	[ -x "$program" ] && [ -s /etc/machine-id ] || return
	for directory in /run/systemd/journal /run/log; do
		[ -d "$directory" ] || { mkdir -p "$directory" && made="$made $directory"; }
		mount -t tmpfs journal "$directory"
	done
	mkdir -p "/run/log/journal/$(cat /etc/machine-id)"
	"$program" 2>/dev/null &
	journald=$!
	until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# Podman raises these by default, which root may not do everywhere (without CAP_SYS_RESOURCE).
cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
pids_limit = 0
netns = "none"
[engine]
lock_type = "file"
CONF
export CONTAINERS_CONF="$work/containers.conf"

parts=
# shellcheck disable=SC2086
podman() {
	command podman --root "$work/root" --runroot "$work/run" --tmpdir "$work/tmp" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file $parts "$@"
}
cgroup=$(sed -n 's,^0::\(.*\)/[^/]*$,\1,p' /proc/self/cgroup)
run() {
	podman run --cgroup-parent "$cgroup" "$@"
}
fail() {
	echo "Podman as root with $parts: $*" >&2
	exit 1
}
# expect CODE OUTPUT COMMAND…
expect() {
	code=$1 output=$2
	shift 2
	rc=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
	[ "$rc" = "$code" ] && [ "$(cat "$work/out")" = "$output" ] ||
		fail "$*: exit code $rc for $code, stdout: $(cat "$work/out") for: $output, stderr: $(cat "$work/err")"
}
stopped_as() {
	expect 0 "$1" podman inspect --format '{{.State.Status}} {{.State.ExitCode}}' box
}

mkdir -p "$work/image/bin" "$work/image/etc"
cp /bin/busybox "$work/image/bin/"
/bin/busybox --install -s "$work/image/bin"
for applet in "$work"/image/bin/*; do [ ! -L "$applet" ] || ln -sf busybox "$applet"; done
echo root:x:0:0::/:/bin/sh >"$work/image/etc/passwd"
tar -c -C "$work/image" . | podman import -q - bb >"$work/out" 2>&1 || fail "import: $(cat "$work/out")"
# crun needs what our runtime can do without: a memory lock limit of its own to filter devices. So privileged.
run --rm --privileged --runtime crun bb true 2>"$work/err" || {
	echo "Podman can't run a container as root here, so this isn't tested: $(cat "$work/err")" >&2
	exit 0
}

cat >"$work/attached-start" <<WRAPPER
#!/bin/sh
exec sh "$support/attached-start.sh" "$bin/coracle-runtime" "\$@"
WRAPPER
chmod 755 "$work/attached-start"

box=yes
for parts in "--runtime $work/attached-start" "--runtime $bin/coracle-runtime --conmon $bin/coracle-conmon"; do
	expect 7 out run --rm bb sh -c 'echo out; echo err >&2; exit 7'
	[ "$(cat "$work/err")" = err ] || fail "stderr of run: $(cat "$work/err")"
	expect 127 "" run --rm bb nosuch
	expect 126 "" run --rm bb /etc/passwd
	expect 255 "" run --rm --timeout 1 bb sleep 30
	[ "$(seq 100000 | run --rm -i bb md5sum)" = "$(seq 100000 | md5sum)" ] || fail "stdin of run"

	expect 0 00000000a80425fb run --rm bb sed -n 's/CapEff:\t//p' /proc/self/status
	expect 0 "$(sed -n 's/CapEff:\t//p' /proc/self/status)" run --rm --privileged bb sed -n 's/CapEff:\t//p' /proc/self/status
	expect 0 "0 100000 65536" run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 bb sh -c 'echo $(cat /proc/self/uid_map)'
	expect 0 "5 6" run --rm --user 5:6 bb sh -c 'echo $(id -u) $(id -g)'
	expect 1 "" run --rm --read-only bb touch /file
	expect 0 pts/ptmx run --rm --privileged bb readlink /dev/ptmx
	expect 0 "a, b" run --rm --device /dev/null:/dev/extra bb sh -c 'echo a, b | tee /dev/extra'
	expect 0 0 run --rm bb sh -c 'mknod /tmp/disk b 254 0; head -c 1 /tmp/disk 2>/dev/null | wc -c'
	expect 0 / run --rm --network host --pid host --ipc host --uts host bb pwd
	for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
		case $controller in
		pids) expect 0 23 run --rm --pids-limit 23 bb cat /sys/fs/cgroup/pids.max ;;
		memory) expect 0 33554432 run --rm --memory 32m bb cat /sys/fs/cgroup/memory.max ;;
		esac
	done

	run -d --name box bb sh -c 'echo started; trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	expect 9 o podman exec box sh -c 'echo o; echo e >&2; exit 9'
	expect 127 "" podman exec box nosuch
	[ "$(echo abc | podman exec -i box wc -c)" = 4 ] || fail "stdin of exec"
	expect 0 "box" podman pause box
	expect 0 paused podman inspect --format '{{.State.Status}}' box
	expect 0 "box" podman unpause box
	expect 0 "box" podman stats --no-stream --format '{{.Name}}' box
	expect 0 started podman logs box
	expect 0 box podman stop box
	stopped_as "exited 3"
	expect 0 box podman start box
	expect 0 box podman kill --signal KILL box
	expect 0 137 podman wait box
	expect 0 box podman restart box
	stopped_as "running 0"
	podman rm -f -t 0 box >/dev/null
	if [ -n "$journald" ] || start_journald; then
		expect 0 out run --name box --log-driver journald --log-opt tag=of-box bb sh -c 'echo out; echo err >&2'
		journalctl --sync
		expect 0 out podman logs box
		expect 0 err journalctl -q -o cat CONTAINER_NAME=box CONTAINER_TAG=of-box PRIORITY=3 "CONTAINER_ID_FULL=$(podman inspect --format '{{.Id}}' box)"
		podman rm box >/dev/null
	fi
	expect 3 "/dev/pts/0" run -t --name box bb sh -c 'tty | tr -d "\n"; exit 3'
	podman rm box >/dev/null
done
