#!/bin/sh
# Installs a built Coracle: `npm run install-prefix -- PREFIX` (default /usr/local). With DESTDIR for packagers.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=${1:-/usr/local}
lib=${DESTDIR:-}$prefix/lib/coracle

if [ ! -x "$root/bin/coracle" ] || [ ! -e "$root/dist/engine.cjs" ]; then
	echo "Error: nothing is built yet in $root; run \`npm run build\` first" >&2
	exit 1
fi

# A running program can't be written over: every file is put beside its place and renamed into it.
put() {
	install -D -m "$1" "$2" "$3.new"
	mv -f "$3.new" "$3"
}
umask 022
put 755 "$root/bin/coracle" "$lib/bin/coracle"
put 755 "$root/bin/coracle-init" "$lib/bin/coracle-init"
for program in coracle-runtime coracle-monitor coracle-conmon coracle-layer; do
	ln -sf coracle "$lib/bin/$program"
done
put 755 "$root/dist/engine" "$lib/dist/engine"
put 644 "$root/dist/engine.cjs" "$lib/dist/engine.cjs"
put 644 "$root/dist/hello.oci.tar" "$lib/dist/hello.oci.tar"
share=${DESTDIR:-}$prefix/share
put 644 "$root/completions/coracle.bash" "$share/bash-completion/completions/coracle"
put 644 "$root/completions/_coracle" "$share/zsh/site-functions/_coracle"
put 644 "$root/completions/coracle.fish" "$share/fish/vendor_completions.d/coracle.fish"
mkdir -p "$share/systemd/user"
for unit in "$root"/bin/units/*; do
	target=$share/systemd/user/${unit##*/}
	sed "s|@PREFIX@|$(realpath -ms "$prefix")|" "$unit" >"$target.new"
	mv -f "$target.new" "$target"
done
generators=${DESTDIR:-}$prefix/lib/systemd/user-generators
mkdir -p "${DESTDIR:-}$prefix/bin" "$generators"
ln -sf ../../coracle/bin/coracle "$generators/coracle-user-generator"
ln -sf ../lib/coracle/bin/coracle "${DESTDIR:-}$prefix/bin/coracle"
ln -sf ../lib/coracle/bin/coracle-runtime "${DESTDIR:-}$prefix/bin/coracle-runtime"
