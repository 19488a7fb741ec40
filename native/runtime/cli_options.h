/* Options that several commands share. */
#ifndef CORACLE_RUNTIME_CLI_OPTIONS_H
#define CORACLE_RUNTIME_CLI_OPTIONS_H

#include "runtime.h"

int cli_parse_number(const char *text, unsigned max, unsigned *value, const char *what, struct error *err);
/* A connection to the socket that takes the terminal. */
int cli_connect_console(const char *path, struct error *err);
/* Adds what socket activation passed us ($LISTEN_FDS) to the descriptors to keep. */
int cli_listen_fds(struct runtime_options *options, struct error *err);
int cli_parse_signal(const char *text, struct error *err);

#endif
