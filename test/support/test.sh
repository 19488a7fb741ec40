#!/bin/sh
# Runs the tests as an ordinary user: `npm test [-- VITEST-ARGUMENTS]`. With --as-test-user: any other command.
#
# As root, or with sudo, it makes what they need: host packages, the user `coracle-test`, a private mount namespace with a
# delegated cgroup (as-user.sh), and a copy of build and sources that this user can read wherever the checkout lies.
# Without, the tests run right here, and those that miss something say so and are skipped.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
umask 022
support=$root/test/support
user=${CORACLE_TEST_USER:-coracle-test}
vitest="vitest.mjs --configLoader native --config test/vitest.config.ts"

if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		exec sudo CORACLE_TEST_USER="${CORACLE_TEST_USER:-$(id -un)}" CI="${CI:-}" sh "$0" "$@"
	fi
	echo "Neither root nor sudo: what needs another user's surroundings is skipped." >&2
	export PATH="$root/node_modules/.bin:$PATH"
	if [ "${1:-}" = --as-test-user ]; then
		shift
		exec "$@"
	fi
	# shellcheck disable=SC2086
	exec node node_modules/vitest/$vitest run "$@"
fi

make_user() {
	id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/sh "$user"
	sh "$support/setup.sh" --grant "$user"
}

# What the test user is to read, in a place that he can reach.
copy_tree() {
	chmod 755 "$work"
	sh bin/install.sh "$work/prefix"
	mkdir "$work/tree"
	tar -c --exclude=./.git --exclude=./node_modules --exclude=./native/build/release . |
		tar -x -C "$work/tree"
	chmod -R a+rX "$work/tree" node_modules
	# Half a gigabyte: links where that is possible.
	cp -al node_modules "$work/tree/" 2>/dev/null || cp -a node_modules "$work/tree/"
	install -d -o "$user" -m 755 "$work/tmp"
	install -d -m 1777 "$work/tmp/reports"
}

if [ ! -x bin/coracle ] || [ ! -e dist/engine.cjs ]; then
	npm run --silent build
fi
make_user
# Short, see home.ts.
work=$(mktemp -d /var/tmp/ct.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
export CORACLE_TEST_PREFIX="$work/prefix" CORACLE_TEST_TMP="$work/tmp"

if [ "${1:-}" = --as-test-user ]; then
	shift
	copy_tree
	export CORACLE_TEST_PATH="$work/prefix/bin"
	sh "$support/as-user.sh" "$user" "$@"
	exit
fi

sh "$support/setup.sh" --packages tests
reports=$work/tmp/reports
case "${1:-}" in
asan) make -s -C native SANITIZE=1 REPORTS="$reports/asan" ;;
valgrind) make -s -C native VALGRIND=1 ;;
*) make -s -C native SANITIZE=1 ;;
esac
export CORACLE_ASAN_BIN="$work/tree/native/build/asan" CORACLE_TEST_PATH="$work/tree/node_modules/.bin"
copy_tree
run_tests() {
	# shellcheck disable=SC2086
	sh "$support/as-user.sh" "$user" sh -c 'cd "$0" && exec node node_modules/vitest/"$@"' "$work/tree" $vitest run "$@"
}
# What is only there for root, with the programs of the given directory; `npm test -- root` does nothing else.
run_as_root() {
	for script in runtime parts-in-podman; do
		sh "$support/as-user.sh" root sh "$work/tree/test/root/$script.sh" "$1" || return
	done
}
if [ "${1:-}" = root ]; then
	run_as_root "$work/prefix/lib/coracle/bin"
	exit
fi
# Prints what programs have written to files in $reports, which is what is wrong with them; fails if there is something.
# (valgrind also tells there which system calls it doesn't know, in lines that begin with --.)
nothing_reported() {
	! grep -rhv -e '^--' -e '^$' "$reports"
}
# The programs of the installation with sanitizers, too: what the engine starts and Podman with our parts.
if [ "${1:-}" = asan ]; then
	shift
	install -m 755 native/build/asan/coracle "$work/prefix/lib/coracle/bin/coracle"
	export CORACLE_NATIVE_BIN="$CORACLE_ASAN_BIN"
	[ $# -gt 0 ] || run_as_root "$CORACLE_ASAN_BIN" || rc=$?
	[ $# -gt 0 ] || set -- test/native e2e/bridges e2e/network.test e2e/parts-in-podman e2e/buildah
	run_tests "$@" || rc=$?
	nothing_reported && exit "${rc:-0}"
	exit 1
fi
# Monitor and conmon under valgrind, with crun: Debian's valgrind doesn't know openat2(2), without which coracle-layer does
# nothing, nor the other system calls that our runtime is made of, nor pidfd_open(2).
if [ "${1:-}" = valgrind ]; then
	shift
	export CORACLE_NATIVE_BIN="$work/tree/native/build/memcheck" CORACLE_READ_ONLY="$work/tree/native/build/valgrind"
	export CORACLE_TEST_RUNTIME=/usr/bin/crun
	mkdir "$CORACLE_NATIVE_BIN"
	for program in coracle-monitor coracle-conmon; do
		install -m 755 "$support/memcheck.sh" "$CORACLE_NATIVE_BIN/$program"
	done
	[ $# -gt 0 ] || set -- monitor/run.test monitor/log monitor/terminal monitor/control e2e/parts-in-podman -t '^(?!our runtime|both)'
	run_tests --testTimeout 300000 "$@" || rc=$?
	nothing_reported && exit "${rc:-0}"
	exit 1
fi
# A little fuzzing each time, much the same way; `npm test -- fuzz SECONDS` goes new ones.
fuzz() {
	sh "$support/as-user.sh" "$user" make -s -j"$(nproc)" -C "$work/tree/test/fuzz" run BUILD="$work/tmp/fuzz" JOBS="$(nproc)" "$@"
}
if [ "${1:-}" = fuzz ]; then
	fuzz SECONDS="${2:-60}" SEED=0
	exit
fi
[ $# -gt 0 ] || fuzz RUNS=60000 SEED=1
[ $# -gt 0 ] || run_as_root "$work/prefix/lib/coracle/bin"
# Once more with sanitizers, which cost the memory limits that the tests proper look at. The others choose their build.
[ $# -gt 0 ] || CORACLE_NATIVE_BIN=$CORACLE_ASAN_BIN run_tests test/native/monitor
run_tests "$@"
