#!/bin/sh
# Makes a checkout ready: host packages, npm packages, the build, subordinate ids, and a first container.
# Run it as root, or as an ordinary user with sudo. What is there already is left alone.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
umask 022

fail() {
	echo "Error: $*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "this needs root, and sudo is not installed: $*"
	fi
}

install_packages() {
	wanted=$(sed -e 's/#.*//' test/support/packages.txt | if [ "${1:-}" = tests ]; then grep -vx tests; else sed '/^tests$/,$d'; fi)
	command -v npm >/dev/null || wanted="$wanted nodejs npm"
	missing=
	for package in $wanted; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null || fail "this system has no apt-get; install what corresponds to these Debian packages:$missing"
	echo "Installing:$missing"
	as_root apt-get update -qq
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
}

# npm leaves out optional packages whose Node.js is newer than the one that it runs on, and the test runner needs one.
install_npm_packages() {
	# npm writes this file last.
	[ -z "$(find node_modules/.package-lock.json -newer package-lock.json 2>/dev/null)" ] || return 0
	bootstrap=$(mktemp -d)
	trap 'rm -rf "$bootstrap"' EXIT
	if ! node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'; then
		echo "Node.js $(node --version) is too old to install the rest with; fetching a newer one for that"
		npm install --prefix "$bootstrap" --no-fund --no-audit --loglevel=error node@24 npm@11
	fi
	PATH="$bootstrap/node_modules/.bin:$PATH" npm ci --no-fund --no-audit --loglevel=error
	rm -rf "$bootstrap"
}

# The first range of 65536 ids after all that are granted.
grant_subordinate_ids() {
	for kind in uid gid; do
		file=/etc/sub$kind
		if [ ! -e "$file" ] || ! grep -qE "^($1|$(id -u "$1")):" "$file"; then
			start=$(cut -d: -f2,3 "$file" 2>/dev/null | awk -F: 'BEGIN { end = 100000 } $1 + $2 > end { end = $1 + $2 } END { print end }')
			as_root usermod "--add-sub${kind}s" "$start-$((start + 65535))" "$1"
		fi
	done
}

say_hello() {
	if [ "$(id -u)" != 0 ]; then
		bin/coracle run --rm hello
		return
	fi
	# Containers are an ordinary user's business: root makes one, the same whom the tests use.
	sh test/support/test.sh --as-test-user coracle run --rm hello
}

case "${1:-}" in
--packages) install_packages "${2:-}" ;;
--grant) grant_subordinate_ids "$2" ;;
*)
	[ "$(uname -s)" = Linux ] || fail "Coracle needs Linux"
	install_packages
	install_npm_packages
	npm run --silent build
	[ "$(id -u)" = 0 ] || grant_subordinate_ids "$(id -un)"
	say_hello
	echo
	echo "Built: $root/bin/coracle; install it with \`npm run install-prefix -- PREFIX\`"
	;;
esac
