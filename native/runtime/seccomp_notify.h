/* Hands the descriptor of SCMP_ACT_NOTIFY to the agent at linux.seccomp.listenerPath. */
#ifndef CORACLE_RUNTIME_SECCOMP_NOTIFY_H
#define CORACLE_RUNTIME_SECCOMP_NOTIFY_H

#include "seccomp.h"
#include "state.h"

/* Connects while the host's paths can still be seen. Sets *fd to -1 when there is no listener. */
int seccomp_notify_connect(const struct seccomp_program *program, int *fd, struct error *err);
/* The container process state of the runtime specification, for the agent; `pid` is the process's own. NULL with err. */
char *seccomp_notify_describe(const struct seccomp_program *program, const struct state *state, int pid,
			      const char *status, struct error *err);
int seccomp_notify_send(int socket, int listener, const char *state, struct error *err);

#endif
