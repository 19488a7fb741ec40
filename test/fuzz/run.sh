#!/bin/sh
# run.sh BUILD SECONDS SEED TARGET: one target, as root of a user namespace and in a file system of its own. SEED 0 goes
# another way each time. What it crashes at stays in BUILD and is shown, as is its output then.
set -eu
build=$(cd "$1" && pwd)
target=$4
mkdir -p "$build/$target.corpus" "$build/scratch"
# shellcheck disable=SC2016
if unshare --user --map-root-user --map-auto --mount sh -c 'mount -t tmpfs tmpfs "$0" && cd "$0" && exec "$@"' "$build/scratch" \
	"$build/$target" -max_total_time="$2" -seed="$3" -max_len=32768 -timeout=30 -artifact_prefix="$build/" \
	"$build/$target.corpus" "$build/seeds" >"$build/$target.log" 2>&1; then
	echo "$target: $(grep -o 'Done [0-9]* runs' "$build/$target.log")"
else
	tail -n 40 "$build/$target.log" >&2
	crash=$(sed -n "s/.*Test unit written to //p" "$build/$target.log")
	[ -z "$crash" ] || { echo "$target: the input, gzipped, in base64:"; gzip -9c "$crash" | base64; } >&2
	exit 1
fi
