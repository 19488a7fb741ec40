/* The OCI runtime, as a program and as functions for the monitor. */
#ifndef CORACLE_RUNTIME_H
#define CORACLE_RUNTIME_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

int runtime_main(int argc, char **argv);

struct runtime_options {
	const char *root;   /* state directory of all containers */
	const char *id;
	const char *bundle; /* directory with config.json */
	int stdio[3];       /* become 0, 1, 2 of the process; ignored with a terminal */
	int console_socket; /* receives the pty master by SCM_RIGHTS when process.terminal; else -1 */
	bool console_offered; /* console_socket is there without process.terminal, too */
	/*
	 * Init's end of a SOCK_SEQPACKET pair for runtime_start(); the caller closes its copy after runtime_create(),
	 * else runtime_start() can't see the exec. -1: a socket in the state directory, for `coracle-runtime start`.
	 */
	int start_socket;
	unsigned preserve_fds;
	unsigned listen_fds; /* how many of these come from socket activation: LISTEN_FDS and LISTEN_PID are set */
	bool no_pivot;
	bool no_new_keyring;
	bool systemd_cgroup; /* linux.cgroupsPath is SLICE:PREFIX:NAME of a scope to be made */
	bool default_cgroup; /* without linux.cgroupsPath real root's containers get /ID */
	bool no_cgroup;     /* linux.cgroupsPath and resources are ignored */
	const char *config; /* another file than config.json of the bundle; NULL */
	const char *sub_cgroup; /* exec: one below the container's, which must take the process; NULL */
	bool ignore_paused; /* exec: a paused container isn't refused, but waited for */
	void (*made)(pid_t pid); /* exec: is told of the process before it goes on; NULL */
};

/*
 * Makes the container up to its start. The init process waits; it is the caller's child, or is adopted by the nearest
 * subreaper when the caller exits. Fills in its pid. Error codes: runtime-failed, command-not-found, not-executable,
 * bad-config, no-controller.
 */
int runtime_create(const struct runtime_options *options, pid_t *pid, struct error *err);

/*
 * Lets an init made with start_socket go on, from the other end of that pair; returns once it has exec'ed and the poststart
 * hooks have run. When one fails (hook-failed), the container is killed.
 */
int runtime_start(int start_socket, struct error *err);

/*
 * One more process in a container that is running, or created; `process` is the text of an OCI process object. It is a child of the caller
 * (or adopted, as above); returns once it has exec'ed. Codes as above and container-not-running, container-paused.
 */
int runtime_exec(const struct runtime_options *options, const char *process, pid_t *pid, struct error *err);

int runtime_pause(const char *root, const char *id, struct error *err);
int runtime_resume(const char *root, const char *id, struct error *err);
/* Kills what is left (cgroup.kill), runs poststop hooks, removes cgroup and state. Not an error when it is gone. */
int runtime_delete(const char *root, const char *id, struct error *err);
/* Whether the kernel's OOM killer struck in the container's cgroup (memory.events). */
bool runtime_oom_killed(const char *root, const char *id);

#endif
