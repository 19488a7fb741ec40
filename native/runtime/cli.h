/* The OCI runtime command line. */
#ifndef CORACLE_RUNTIME_CLI_H
#define CORACLE_RUNTIME_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cli {
	const char *root;
	int log; /* file, or -1: what goes there goes to stderr */
	bool log_json, debug, no_cgroup, systemd_cgroup;
};

/* A command gets its own arguments, argv[0] being its name, and returns the exit code; -1: err says why. */
typedef int cli_command(const struct cli *cli, int argc, char **argv, struct error *err);

cli_command cli_create, cli_run, cli_start, cli_exec, cli_state, cli_list, cli_ps, cli_kill, cli_delete, cli_pause,
	cli_resume, cli_update, cli_events, cli_spec, cli_features, cli_unsupported;

/* The one positional argument; NULL with err. */
const char *cli_container_id(int argc, char **argv, int first, struct error *err);
int cli_usage(struct error *err, const char *usage);
/* Prints JSON on stdout. `flags` are jansson's: JSON_INDENT(2) for people, 0 for one line. */
struct json_t;
int cli_print_json(struct json_t *json, size_t flags);
int cli_write_pid_file(const char *path, int pid, struct error *err);
/* From now on signals that we get are passed on to the process. */
void cli_forward_signals(int pid);
/* Waits for a child and turns its end into an exit code. */
int cli_wait(int pid);

#endif
