#!/bin/sh
# run.sh BUILD SECONDS TARGET: one target, as root of a user namespace and in a file system of its own. What it crashes at
# stays in BUILD, and its output is shown then only.
set -eu
build=$(cd "$1" && pwd)
target=$3
mkdir -p "$build/$target.corpus" "$build/scratch"
# shellcheck disable=SC2016
if unshare --user --map-root-user --map-auto --mount sh -c 'mount -t tmpfs tmpfs "$0" && cd "$0" && exec "$@"' "$build/scratch" \
	"$build/$target" -max_total_time="$2" -max_len=32768 -timeout=30 -artifact_prefix="$build/" \
	"$build/$target.corpus" "$build/seeds" >"$build/$target.log" 2>&1; then
	echo "$target: $(grep -o 'Done [0-9]* runs' "$build/$target.log")"
else
	tail -n 60 "$build/$target.log" >&2
	exit 1
fi
