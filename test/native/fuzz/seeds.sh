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
