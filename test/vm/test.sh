#!/bin/sh
# `npm run test:vm`: the tests that need a systemd, in a machine of their own (vm.sh). Needs root; the first time takes minutes.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
[ "$(id -u)" = 0 ] || exec sudo sh "$0" "$@"
missing=
while read -r package; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done <test/vm/packages.txt
# shellcheck disable=SC2086
[ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
bash test/vm/vm.sh build
export PATH="$root/node_modules/.bin:$PATH"
exec node node_modules/vitest/vitest.mjs --configLoader native --config test/vm/vitest.config.ts run "$@"
