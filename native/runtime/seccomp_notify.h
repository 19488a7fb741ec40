/* Hands the descriptor of SCMP_ACT_NOTIFY to the agent at linux.seccomp.listenerPath. */
#ifndef CORACLE_RUNTIME_SECCOMP_NOTIFY_H
#define CORACLE_RUNTIME_SECCOMP_NOTIFY_H

#include "seccomp.h"

/* Connects while the host's paths can still be seen. Sets *fd to -1 when there is no listener. */
int seccomp_notify_connect(const struct seccomp_program *program, int *fd, struct error *err);
int seccomp_notify_send(int socket, int listener, const char *state, struct error *err);

#endif
