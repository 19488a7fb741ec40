#!/bin/sh
# attached-start.sh RUNTIME ARGUMENTS…
# An OCI runtime for Podman whose `start` waits until conmon has accepted who is attached.
#
# Podman connects to conmon's socket and starts the container at once. conmon (2.1) that wakes up for something else just
# before and then has to wait for a processor finds the container ended in its first turn, and quits without having
# accepted anybody: `podman run` prints nothing, with the right exit code. On a busy machine that happens.
runtime=$1
shift
unaccepted() {
	ss -xlH | grep -qE '^u_seq +LISTEN +[1-9][0-9]* .*/attach '
}
case " $* " in
*" start "*)
	tries=0
	while [ $tries -lt 500 ] && unaccepted; do
		sleep 0.01
		tries=$((tries + 1))
	done
	;;
esac
exec "$runtime" "$@"
