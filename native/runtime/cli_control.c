/* kill, delete, pause, resume. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_options.h"
#include "runtime.h"
#include "state.h"

static int signal_container(const struct state *state, int signal_number, bool all, struct error *err)
{
	/* Without a pid namespace of its own nobody else ends with init, and it may have ended before. */
	all = all || (signal_number == SIGKILL && state->shares_pids);
	if (all && state->cgroup)
		return cgroup_signal(state->cgroup, signal_number, err);
	auto_close int fd = process_open(&state->init);
	if (fd < 0 && all)
		return 0;
	if (fd < 0) {
		/* Engines look for the last words. */
		errno = ESRCH;
		return error_errno(err, "container-not-running", "container `%s` is not running", state->id);
	}
	if (syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0) < 0)
		return error_errno(err, "runtime-failed", "send signal %d to container `%s`", signal_number, state->id);
	return 0;
}

int cli_kill(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	bool all = false;
	int option;
	while ((option = getopt_long(argc, argv, "a", options, NULL)) != -1) {
		if (option != 'a')
			return cli_usage(err, "kill [--all] ID [SIGNAL]");
		all = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage(err, "kill [--all] ID [SIGNAL]");
	int signal_number = argc - optind == 2 ? cli_parse_signal(argv[optind + 1], err) : SIGTERM;
	if (signal_number < 0)
		return -1;
	struct state state = {0};
	auto_close int directory = state_open_directory(cli->root, argv[optind], err);
	int rc = directory < 0 ? -1 : state_load(directory, &state, err);
	if (rc == 0)
		rc = signal_container(&state, signal_number, all, err);
	state_free(&state);
	return rc;
}

int cli_delete(const struct cli *cli, int argc, char **argv, struct error *err)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
	bool force = false;
	int option;
	while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (option != 'f')
			return cli_usage(err, "delete [--force] ID");
		force = true;
	}
	const char *id = cli_container_id(argc, argv, optind, err);
	if (!id)
		return -1;
	if (!force) {
		struct state state = {0};
		auto_close int directory = state_open_directory(cli->root, id, err);
		int rc = directory < 0 ? -1 : state_load(directory, &state, err);
		enum status status = rc == 0 ? state_status(directory, &state) : STATUS_STOPPED;
		state_free(&state);
		if (rc < 0)
			return -1;
		if (status == STATUS_RUNNING || status == STATUS_PAUSED)
			return error_set(err, "runtime-failed", "container `%s` is %s: stop it first or use --force", id,
					 status_name(status));
	}
	return runtime_delete(cli->root, id, err);
}

int cli_pause(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	return id ? runtime_pause(cli->root, id, err) : -1;
}

int cli_resume(const struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *id = cli_container_id(argc, argv, 1, err);
	return id ? runtime_resume(cli->root, id, err) : -1;
}
