#!/bin/bash
# The guest's side of vm.sh, as root. The kernel's argument coracle.vm=DIR names the host's directory with the request.
off() {
	sync
	echo o >/proc/sysrq-trigger
	sleep 60
}
directory=$(sed -n 's/.*coracle\.vm=\([^ ]*\).*/\1/p' /proc/cmdline)
mkdir -p /run/vm
mount -t hostfs -o "$directory" none /run/vm || off
mount -t hostfs -o ro,/ none /host || off
for terminal in /dev/ttyS0 /dev/ttyS1; do stty -F $terminal raw -echo -opost; done
exec 6>/dev/ttyS0 7>/dev/ttyS1
# pasta and slirp4netns look for a default route; this one leads nowhere.
ip link set lo up
ip link add dummy0 type dummy && ip addr add 10.99.0.1/24 dev dummy0 && ip link set dummy0 up && ip route add default via 10.99.0.254
mapfile -d '' -t words </run/vm/command
words[0]=/host${words[0]}
printf '#!/bin/bash\ncd\nexec bash%s\n' "$(printf ' %q' "${words[@]}")" >/run/coracle-vm-script
chmod 755 /run/coracle-vm-script
# Pipes, as on a build server, not the terminals themselves.
case $(cat /run/vm/session) in
login) XDG_SESSION_TYPE=tty XDG_SESSION_CLASS=user runuser -l alice -c /run/coracle-vm-script </dev/null > >(cat >&6) 2> >(cat >&7) ;;
user) systemd-run -q --user -M alice@.host --pipe --wait --collect /run/coracle-vm-script </dev/null > >(cat >&6) 2> >(cat >&7) ;;
esac
code=$?
wait
stty -F /dev/ttyS0 >/dev/null
sleep 0.1
echo "$code" >/run/vm/code.new && mv /run/vm/code.new /run/vm/code
off
