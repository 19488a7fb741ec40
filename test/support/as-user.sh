#!/bin/sh
# as-user.sh USER COMMAND…
# Runs a command as an ordinary user in surroundings like those of a systemd host, whatever this machine is; needs root.
# It gets a private mount namespace with `/` shared and cgroup v2 at /sys/fs/cgroup, a delegated cgroup with the command in
# its leaf `runner`, and its own XDG_RUNTIME_DIR. Whatever is left in the cgroup when the command ends is killed.
set -eu

if [ "${CORACLE_AS_USER:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "Error: as-user.sh needs root" >&2; exit 125; }
	CORACLE_AS_USER=inside exec unshare --mount --propagation private sh "$0" "$@"
fi
unset CORACLE_AS_USER
user=$1
shift

# On an ordinary host udev gives these modes.
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200 || true
[ -e /dev/fuse ] || mknod /dev/fuse c 10 229 || true
chmod 666 /dev/net/tun /dev/fuse 2>/dev/null || true

# What executes itself anew to be safe from its container doesn't when it lies on a read-only mount (CORACLE_READ_ONLY).
if [ -n "${CORACLE_READ_ONLY:-}" ]; then
	mount --bind "$CORACLE_READ_ONLY" "$CORACLE_READ_ONLY"
	mount -o remount,bind,ro "$CORACLE_READ_ONLY"
fi
mount --make-rshared /
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
	# Hybrid or version 1: the version 2 hierarchy, with what controllers are not bound to version 1, takes its place.
	umount -R /sys/fs/cgroup 2>/dev/null || true
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi

delegated=/sys/fs/cgroup/coracle-test.$$
runtime=$(mktemp -d /run/coracle-test.XXXXXX)
finish() {
	echo 1 >"$delegated/cgroup.kill" 2>/dev/null || true
	tries=0
	while [ -d "$delegated" ] && [ $tries -lt 100 ]; do
		find "$delegated" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
		tries=$((tries + 1))
	done
	rm -rf "$runtime"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

chown "$user:" "$runtime"
mkdir -p "$delegated/runner"
# For the homes of tests (cgroup.ts): each is a delegated cgroup whose parent is not.
(cd "$delegated" && seq -f 'homes/%g' 64 | xargs mkdir -p)
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
	for directory in /sys/fs/cgroup "$delegated" "$delegated/homes"; do
		echo "+$controller" >"$directory/cgroup.subtree_control" 2>/dev/null || true
	done
done
chown -R "$user:" "$delegated"
chown root: "$delegated/homes"
home=$(getent passwd "$user" | cut -d: -f6)

sh -c 'echo $$ >"$0/runner/cgroup.procs" && exec "$@"' "$delegated" \
	setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
	env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh TERM="${TERM:-dumb}" LANG=C.UTF-8 CI="${CI:-}" \
	PATH="${CORACLE_TEST_PATH:+$CORACLE_TEST_PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
	XDG_RUNTIME_DIR="$runtime" CORACLE_TEST_PREFIX="${CORACLE_TEST_PREFIX:-}" \
	CORACLE_TEST_TMP="${CORACLE_TEST_TMP:-}" CORACLE_ASAN_BIN="${CORACLE_ASAN_BIN:-}" \
	${CORACLE_NATIVE_BIN:+CORACLE_NATIVE_BIN="$CORACLE_NATIVE_BIN"} \
	${CORACLE_TEST_RUNTIME:+CORACLE_TEST_RUNTIME="$CORACLE_TEST_RUNTIME"} "$@"
