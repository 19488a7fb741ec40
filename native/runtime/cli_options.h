/* Options that several commands share. */
#ifndef CORACLE_RUNTIME_CLI_OPTIONS_H
#define CORACLE_RUNTIME_CLI_OPTIONS_H

#include "runtime.h"

int cli_parse_number(const char *text, unsigned max, unsigned *value, const char *what, struct error *err);
/* A connection to the socket that takes the terminal, or a pidfd. */
int cli_connect(const char *path, const char *option, struct error *err);
/* Sends a pidfd of the process to the socket of --pidfd-socket; nothing where `path` is NULL. */
int cli_send_pidfd(const char *path, int pid, struct error *err);
/* --preserve-fds: the number of descriptors from 3 on, which must be there. */
int cli_preserve_fds(const char *text, unsigned *count, struct error *err);
/* Adds what socket activation passed us ($LISTEN_FDS) to the descriptors to keep. */
int cli_listen_fds(struct runtime_options *options, struct error *err);
int cli_parse_signal(const char *text, struct error *err);

#endif
