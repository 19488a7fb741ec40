#!/bin/bash
# A disposable Debian with systemd as its first process and pure cgroup v2, as a User Mode Linux inside this machine.
#
#   vm.sh build                         makes the disk image and fetches the kernel, once
#   vm.sh run [OPTION…] SCRIPT [ARG…]   boots, runs SCRIPT as the ordinary user `alice`, passes on its stdout and stderr and its
#                                       exit code (125: the machine failed)
#     --session login|user   in a login session (default), or in a service of alice's systemd
#     --disk FILE            keep what is written in FILE, for another boot after this one
#     --memory SIZE          2G
#
# The host's files are below /host in the guest, read-only. Needs root; $CORACLE_VM_CACHE says where the image is kept.
#
# The kernel is that of Debian sid, whose seccomp mode makes system calls eight times faster than the ptrace mode of
# bookworm's. It needs a newer libc, so that one is unpacked beside it, and its paths in the program are rewritten.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
cache=${CORACLE_VM_CACHE:-/var/cache/coracle-vm}
image=$cache/root.ext4
kernel=$cache/kernel/linux
packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,kmod,uidmap,slirp4netns,passt,netavark,aardvark-dns,iptables,fuse-overlayfs
packages+=,crun,podman,iproute2,procps,util-linux,systemd-container,strace

fail() {
	echo "vm.sh: $*" >&2
	exit 125
}

fetch_kernel() {
	[ ! -x "$kernel" ] || return 0
	local work=$cache/kernel.tmp mirror loader deb
	rm -rf "$work" && mkdir -p "$work"/{lists/partial,archives/partial,deb,tree}
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
	# The host's own lists and packages have no part in this.
	local apt=(-q -o "Dir::State::lists=$work/lists" -o Dir::State::status=/dev/null -o "Dir::Etc::sourcelist=$work/sources.list"
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o "Dir::Cache=$work"
		-o Acquire::Languages=none -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)
	apt-get "${apt[@]}" update >/dev/null
	(cd "$work/deb" && apt-get "${apt[@]}" download user-mode-linux libc6 patchelf >/dev/null)
	for deb in "$work"/deb/*.deb; do dpkg-deb -x "$deb" "$work/tree"; done
	loader=$(find "$work/tree" -path '*x86_64-linux-gnu*' -name ld-linux-x86-64.so.2 | head -1)
	mkdir -p "$cache/kernel"
	cp -L "$loader" "$(dirname "$loader")/libc.so.6" "$cache/kernel/"
	cp "$work/tree/usr/bin/linux.uml" "$kernel.new"
	rm -rf "$cache/kernel/modules" && cp -a "$work/tree/usr/lib/uml/modules" "$cache/kernel/modules"
	# patchelf itself may need the newer libc.
	"$cache/kernel/ld-linux-x86-64.so.2" --library-path "$cache/kernel:/usr/lib/x86_64-linux-gnu" "$work/tree/usr/bin/patchelf" \
		--set-interpreter "$cache/kernel/ld-linux-x86-64.so.2" --set-rpath "$cache/kernel" "$kernel.new"
	"$kernel.new" --version >/dev/null
	mv "$kernel.new" "$kernel"
	rm -rf "$work"
}

customise() {
	local root=$1 unit
	mkdir -p "$root/lib/modules"
	for unit in "$cache"/kernel/modules/*; do
		cp -a "$unit" "$root/lib/modules/"
		depmod -b "$root" "$(basename "$unit")"
	done
	printf '%s\n' overlay fuse tun veth bridge dummy >"$root/etc/modules-load.d/coracle.conf"
	echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id" # an empty one makes every boot a first one
	echo vm >"$root/etc/hostname"
	printf '127.0.0.1 localhost vm\n::1 localhost\n' >"$root/etc/hosts"
	: >"$root/etc/fstab"
	chroot "$root" useradd -m -u 1000 -s /bin/bash -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 alice
	echo alice:100000:65536 | tee "$root/etc/subuid" >"$root/etc/subgid"
	mkdir -p "$root/var/lib/systemd/linger" && : >"$root/var/lib/systemd/linger/alice"
	# `doctor` recommends the same.
	mkdir -p "$root/etc/systemd/system/user@.service.d"
	printf '[Service]\nDelegate=cpu cpuset io memory pids\n' >"$root/etc/systemd/system/user@.service.d/delegate.conf"
	mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/containers" "$root/host"
	printf '[Journal]\nStorage=persistent\n' >"$root/etc/systemd/journald.conf.d/coracle.conf" # else none for users
	printf '[storage]\ndriver = "overlay"\n' >"$root/etc/containers/storage.conf"
	# What only takes time at boot, or waits for a network.
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
		podman-auto-update.timer podman-auto-update.service podman-restart.service podman.service getty.target \
		systemd-timesyncd.service systemd-random-seed.service systemd-update-utmp.service sys-kernel-debug.mount \
		sys-kernel-tracing.mount dev-hugepages.mount systemd-remount-fs.service systemd-udev-trigger.service \
		systemd-sysusers.service systemd-pstore.service sys-kernel-config.mount; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
	install -m 755 "$here/guest.sh" "$root/usr/local/sbin/coracle-vm"
	install -D -m 644 "$here/guest.service" "$root/etc/systemd/system/coracle-vm.service"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -sf ../coracle-vm.service "$root/etc/systemd/system/multi-user.target.wants/"
}

build() {
	[ "$(id -u)" = 0 ] || fail "needs root"
	mkdir -p "$cache"
	exec 8>"$cache/lock" && flock 8
	fetch_kernel
	if [ ! -s "$image" ] || [ "$here/guest.sh" -nt "$image" ] || [ "$0" -nt "$image" ]; then
		local root=$cache/root.tmp
		rm -rf "$root"
		mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" --aptopt='Acquire::Languages "none"' \
			--aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$root" >"$cache/log" 2>&1 ||
			fail "mmdebstrap failed: $(tail -3 "$cache/log")"
		customise "$root"
		rm -f "$image.new" && truncate -s 8G "$image.new"
		mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 -d "$root" "$image.new"
		mv "$image.new" "$image"
		rm -rf "$root"
	fi
	flock -u 8
}

run() {
	local session=login disk= memory=2G
	while [ $# -gt 0 ]; do
		case $1 in
		--session) session=$2 && shift 2 ;;
		--disk) disk=$(readlink -m "$2") && shift 2 ;;
		--memory) memory=$2 && shift 2 ;;
		*) break ;;
		esac
	done
	[ $# -gt 0 ] || fail "no script"
	build
	local work code=
	find "$cache" -maxdepth 1 -name 'run.*' -mmin +60 -exec rm -rf {} + # of those that were killed
	work=$(mktemp -d "$cache/run.XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$work'" EXIT
	chmod 755 "$work"
	printf '%s\0' "$(readlink -f "$1")" "${@:2}" >"$work/command"
	echo "$session" >"$work/session"
	exec 3> >(exec cat) 4> >(exec cat >&2)
	# Its memory is a file, which must lie on a tmpfs. It ignores SIGTERM, so the end of this script has to kill it.
	env -u TMPDIR -u TMP -u TEMP setpriv --pdeathsig KILL unshare --pid --fork --kill-child=KILL \
		"$kernel" seccomp=on mem="$memory" ubd0="${disk:-$work/disk},$image" root=/dev/ubda rootfstype=ext4 rw con=null \
		con0=null,fd:5 ssl=null ssl0=null,fd:3 ssl1=null,fd:4 console=tty0 uml_dir="$work/" umid=v loglevel=4 \
		systemd.show_status=0 panic=-1 lsm=yama coracle.vm="$work" </dev/null >"$work/log" 2>&1 5>>"$work/console" &
	wait $! || true
	exec 3>&- 4>&-
	sleep 0.1 # for what the two `cat` still have
	[ -s "$work/code" ] && code=$(cat "$work/code")
	[ -n "$code" ] || fail "the machine ended without an answer: $(tail -5 "$work/log" "$work/console")"
	return "$code"
}

case ${1:-} in
build) build ;;
run) shift && run "$@" ;;
*) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
