/* The terminal of a process that is waited for: what is typed at ours goes in, what it prints comes out. */
#ifndef CORACLE_RUNTIME_CLI_TERMINAL_H
#define CORACLE_RUNTIME_CLI_TERMINAL_H

#include "runtime.h"

/*
 * Has the process's terminal sent to us, if it is to have one. `theirs` is what becomes options->console_socket, to be
 * closed after the process has been made.
 */
int cli_terminal_offer(struct runtime_options *options, int *ours, int *theirs, struct error *err);
/* The terminal that came, or -1 where the process has none. Gives it our size. */
int cli_terminal_receive(int ours);
/* Waits for the process as cli_wait() does, with its terminal (closed afterwards) or without (-1). */
int cli_terminal_wait(int terminal, int pid);

#endif
