#!/bin/sh
# In the place of a program of ours: runs it under valgrind, which writes what it finds to a file. (test.sh) Podman hands
# nothing of its environment down to a conmon, so that all is found from where this lies: in native/build of `tree`, beside `tmp`.
build=$(dirname "$(dirname "$0")")
# Podman asks twice in each command.
[ "${1:-}" != --version ] || exec "$build/valgrind/${0##*/}" "$@"
exec valgrind --quiet --trace-children=yes --trace-children-skip='/usr/*,/bin/*,/sbin/*' --track-origins=yes \
	--log-file="${build%/tree/native/build}/tmp/reports/valgrind.%p" "$build/valgrind/${0##*/}" "$@"
