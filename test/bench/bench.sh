#!/bin/sh
# `npm run bench [-- CASE…]`: Coracle and Debian's Podman side by side, as the user that the tests run as.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
[ "$(id -u)" != 0 ] || sh test/support/setup.sh --packages tests
exec sh test/support/test.sh --as-test-user sh -c \
	'tree=${CORACLE_TEST_PREFIX:+$CORACLE_TEST_PREFIX/../tree}; cd "${tree:-$0}" && exec node_modules/.bin/node test/bench/bench.ts "$@"' "$root" "$@"
