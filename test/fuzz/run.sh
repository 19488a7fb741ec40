#!/bin/sh
# run.sh BUILD SECONDS RUNS SEED TARGET: one target, as root of a user namespace and in a file system of its own. SEED 0 goes
# another way each time. Any other with a number of RUNS goes nearly the same: nothing earlier runs found is used, and addresses,
# which libFuzzer takes for interesting bytes, are not random; clocks and hash tables still are. What it crashes at stays in
# BUILD and is shown, as is its output then.
set -eu
build=$(cd "$1" && pwd)
target=$5
fixed=
if [ "$4" != 0 ]; then
	rm -rf "$build/$target.corpus"
	fixed='setarch -R'
fi
mkdir -p "$build/$target.corpus" "$build/scratch"
# shellcheck disable=SC2016,SC2086
if unshare --user --map-root-user --map-auto --mount sh -c 'mount -t tmpfs tmpfs "$0" && cd "$0" && exec "$@"' "$build/scratch" \
	$fixed "$build/$target" -max_total_time="$2" -runs="$3" -seed="$4" -max_len=32768 -timeout=30 -artifact_prefix="$build/" \
	"$build/$target.corpus" "$build/seeds" >"$build/$target.log" 2>&1; then
	echo "$target: $(grep -o 'Done [0-9]* runs' "$build/$target.log")"
else
	tail -n 40 "$build/$target.log" >&2
	crash=$(sed -n "s/.*Test unit written to //p" "$build/$target.log")
	[ -z "$crash" ] || { echo "$target: the input, gzipped, in base64:"; gzip -9c "$crash" | base64; } >&2
	exit 1
fi
