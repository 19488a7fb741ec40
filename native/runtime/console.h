/* The terminal of a container's process, from the container's own devpts. */
#ifndef CORACLE_RUNTIME_CONSOLE_H
#define CORACLE_RUNTIME_CONSOLE_H

#include "spec.h"

/* Opens a pty below `root`, sends the master over `socket` and returns the slave. */
int console_open(int root, int socket, const struct process_spec *process, struct error *err);
/* Puts the slave at /dev/console. */
int console_bind(int root, int slave, struct error *err);
/* Makes the slave the controlling terminal and standard input, output and error. Closes it. */
int console_take(int slave, struct error *err);

#endif
