/* create, run, start. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "cli_terminal.h"
#include "gate.h"
#include "runtime.h"
#include "state.h"

struct create_options {
	struct runtime_options runtime;
	const char *pid_file, *console_socket, *pidfd_socket;
	bool detach, keep;
	int console_fd; /* our copy of runtime.console_socket, or -1 */
};

static int parse(struct create_options *create, const struct cli *cli, int argc, char **argv, struct error *err)
{
	enum { CONSOLE = 256, PID_FILE, PIDFD, PRESERVE, NO_PIVOT, NO_KEYRING, KEEP, IGNORED };
	static const struct option options[] = {
		{"bundle", required_argument, NULL, 'b'},
		{"console-socket", required_argument, NULL, CONSOLE},
		{"pid-file", required_argument, NULL, PID_FILE},
		{"pidfd-socket", required_argument, NULL, PIDFD},
		{"preserve-fds", required_argument, NULL, PRESERVE},
		{"no-pivot", no_argument, NULL, NO_PIVOT},
		{"no-new-keyring", no_argument, NULL, NO_KEYRING},
		{"no-subreaper", no_argument, NULL, IGNORED},
		{"detach", no_argument, NULL, 'd'},
		{"keep", no_argument, NULL, KEEP},
		{"config", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	int option;
	*create = (struct create_options){
		.runtime = {.root = cli->root, .bundle = ".", .stdio = {0, 1, 2}, .console_socket = -1,
			    .start_socket = -1, .default_cgroup = true, .no_cgroup = cli->no_cgroup,
			    .systemd_cgroup = cli->systemd_cgroup},
		.console_fd = -1};
	while ((option = getopt_long(argc, argv, "b:f:d", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			create->runtime.bundle = optarg;
			break;
		case 'f':
			create->runtime.config = optarg;
			break;
		case 'd':
			create->detach = true;
			break;
		case CONSOLE:
			create->console_socket = optarg;
			break;
		case PID_FILE:
			create->pid_file = optarg;
			break;
		case PIDFD:
			create->pidfd_socket = optarg;
			break;
		case PRESERVE:
			if (cli_preserve_fds(optarg, &create->runtime.preserve_fds, err) < 0)
				return -1;
			break;
		case NO_PIVOT:
			create->runtime.no_pivot = true;
			break;
		case NO_KEYRING:
			create->runtime.no_new_keyring = true;
			break;
		case KEEP:
			create->keep = true;
			break;
		case IGNORED:
			break;
		default:
			return error_set(err, "usage", "see coracle-runtime --help");
		}
	}
	create->runtime.id = cli_container_id(argc, argv, optind, err);
	if (!create->runtime.id)
		return -1;
	return cli_listen_fds(&create->runtime, err);
}

static int create_container(struct create_options *create, pid_t *pid, struct error *err)
{
	if (create->console_socket) {
		create->console_fd = cli_connect(create->console_socket, "--console-socket", err);
		if (create->console_fd < 0)
			return -1;
		create->runtime.console_socket = create->console_fd;
	}
	int rc = runtime_create(&create->runtime, pid, err);
	if (create->console_fd >= 0)
		close(create->console_fd);
	if (rc < 0)
		return -1;
	if ((create->pid_file && cli_write_pid_file(create->pid_file, *pid, err) < 0) ||
	    cli_send_pidfd(create->pidfd_socket, *pid, err) < 0) {
		struct error ignored;
		runtime_delete(create->runtime.root, create->runtime.id, &ignored);
		return -1;
	}
	return 0;
}

int cli_create(const struct cli *cli, int argc, char **argv, struct error *err)
{
	struct create_options create;
	pid_t pid;
	if (parse(&create, cli, argc, argv, err) < 0)
		return -1;
	return create_container(&create, &pid, err);
}

static int start(const char *root, const char *id, struct error *err)
{
	auto_close int directory = state_open_directory(root, id, err);
	if (directory < 0)
		return -1;
	struct state state;
	int rc = state_load(directory, &state, err);
	enum status status = rc == 0 ? state_status(directory, &state) : STATUS_STOPPED;
	state_free(&state);
	if (rc == 0 && status != STATUS_CREATED)
		return error_set(err, "runtime-failed", "container `%s` is %s; only a created one can be started", id,
				 status_name(status));
	auto_close int gate = rc < 0 ? -1 : gate_connect(directory, err);
	return gate < 0 ? -1 : runtime_start(gate, err);
}

int cli_start(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	struct error ignored;
	int rc = id ? start(cli->root, id, err) : -1;
	/* The specification has the lifecycle go on with the end. */
	if (id && rc < 0 && strcmp(err->code, "hook-failed") == 0)
		runtime_delete(cli->root, id, &ignored);
	return rc;
}

static int run_detached(struct create_options *create, struct error *err)
{
	struct error ignored;
	pid_t pid;
	if (create_container(create, &pid, err) < 0)
		return -1;
	int rc = start(create->runtime.root, create->runtime.id, err);
	if (rc < 0)
		runtime_delete(create->runtime.root, create->runtime.id, &ignored);
	return rc;
}

int cli_run(const struct cli *cli, int argc, char **argv, struct error *err)
{
	struct create_options create;
	struct error ignored;
	pid_t pid;
	int gate[2];
	auto_close int console = -1;
	if (parse(&create, cli, argc, argv, err) < 0)
		return -1;
	if (create.detach)
		return run_detached(&create, err);
	if (!create.console_socket && cli_terminal_offer(&create.runtime, &console, &create.console_fd, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate) < 0)
		return error_errno(err, "runtime-failed", "make a socket pair");
	create.runtime.start_socket = gate[1];
	int rc = create_container(&create, &pid, err);
	close(gate[1]);
	if (rc == 0) {
		int terminal = console < 0 ? -1 : cli_terminal_receive(console);
		cli_forward_signals(pid);
		rc = runtime_start(gate[0], err);
		int code = cli_terminal_wait(terminal, pid);
		if (rc == 0)
			rc = code;
		if (!create.keep)
			runtime_delete(cli->root, create.runtime.id, &ignored);
	}
	close(gate[0]);
	return rc;
}
