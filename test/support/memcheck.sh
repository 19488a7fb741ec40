#!/bin/sh
# In the place of a program of ours: runs it under valgrind, which writes what it finds to a file. (test.sh)
build=$(dirname "$(dirname "$0")")
exec valgrind --quiet --trace-children=yes --trace-children-skip='/usr/*,/bin/*,/sbin/*' --track-origins=yes \
	--log-file="$CORACLE_TEST_TMP/reports/valgrind.%p" "$build/valgrind/${0##*/}" "$@"
