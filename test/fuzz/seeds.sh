#!/bin/sh
# seeds.sh DIRECTORY: small archives with all that tar can say, to begin fuzzing from.
set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
long=$(printf '%0120d' 0)
mkdir -p d/e "d/$long"
echo data >d/file
echo more >"d/$long/$long"
ln d/file d/hardlink
ln -s /etc d/link
ln -s "../$long" d/long-link
mkfifo d/fifo
: >d/.wh.gone
: >d/e/.wh..wh..opq
truncate -s 12k d/sparse
echo middle | dd of=d/sparse bs=1k seek=5 conv=notrunc status=none
setfattr -n user.test -v value d/file 2>/dev/null || true
for format in v7 oldgnu gnu ustar pax; do
	tar -b1 --format=$format -cf "$out/$format" d 2>/dev/null || true
done
for version in 0.0 0.1 1.0; do
	tar -b1 --format=pax --sparse --sparse-version=$version --xattrs -cf "$out/sparse-$version" d
done
tar -b1 --format=gnu --sparse -cf "$out/sparse-gnu" d
tar -b1 --format=pax --pax-option='globexthdr.name=g,mtime=1,uid=5' -cf "$out/global" d/file
# Names and links that lead out.
tar -b1 -P --transform 's,^d/file,../../sentinel,' -cf "$out/dotdot" d/file
tar -b1 -P --transform 's,^d/link$,root-link,' -cf "$out/symlink" d/link d/file
# Frames of the attach socket, behind a byte that says how the container is: greeting, stdin, resize, signals, stop, start,
# pause, resume, health, reload, network, end of stdin.
printf '\004H\001\0\0\0\017I\005\0\0\0helloR\004\0\0\0\030\0\120\0K\004\0\0\0\017\0\0\0C\0\0\0\0' >"$out/attach-stdin"
printf '\024H\001\0\0\0\006T\010\0\0\0\012\0\0\0\017\0\0\0G\0\0\0\0' >"$out/attach-stop"
printf '\064P\0\0\0\0U\0\0\0\0F\0\0\0\0V\0\0\0\0L\0\0\0\0N\001\0\0\0\001' >"$out/attach-control"
# Pieces of output for a log, behind its driver, size and number of files.
printf '\0\020\001\014first\n\015sec\nond\377partial' >"$out/log-k8s"
printf '\003\002\003\016{"a":\t"\303\244"}\n\377\303' >"$out/log-json"
printf 'root:100000:65536\n1000:200000:65536\n# comment\nuser:1:2:3\n' >"$out/subuid"
