/* What exec needs to know from the container's files: the executable's path and the user's home. */
#ifndef CORACLE_RUNTIME_LOOKUP_H
#define CORACLE_RUNTIME_LOOKUP_H

#include "spec.h"

/* The malloc'ed path of `name` by the PATH of `env`. NULL with err: command-not-found or not-executable. */
char *lookup_executable(const char *name, char *const *env, struct error *err);
/*
 * The environment of the process, with HOME from /etc/passwd where it has none, and LISTEN_FDS and LISTEN_PID where it
 * gets sockets. Malloc'ed, NULL with errno.
 */
char **lookup_environment(const struct process_spec *process, unsigned listen_fds);

#endif
