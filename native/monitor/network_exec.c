#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "file.h"
#include "network.h"
#include "socket_path.h"
#include "supervisor.h"

/* Ends here; with a path of ours in its arguments that leads through `run_dir`, which stays open then. */
static void __attribute__((noreturn)) execute(const char **argv, int run_dir)
{
	if (run_dir >= 0)
		fcntl(run_dir, F_SETFD, 0);
	execv(argv[0], (char *const *)argv);
	dprintf(2, "exec: %s\n", strerror(errno));
	_exit(127);
}

static const char **arguments(const struct monitor *m, size_t extra)
{
	const char **argv = config_argv(m->config->network_program, m->config->network_args, extra);
	if (!argv)
		_exit(1);
	return argv;
}

void network_exec_slirp(struct monitor *m, int ready_fd, int exit_fd, int message_fd)
{
	char api[PATH_MAX], netns[64];
	size_t n = 1 + json_array_size(m->config->network_args);
	const char **argv = arguments(m, 12);
	int high = fcntl(exit_fd, F_DUPFD_CLOEXEC, 10);
	int message_copy = fcntl(message_fd, F_DUPFD_CLOEXEC, 10);
	int run_dir = fcntl(m->run_dir, F_DUPFD_CLOEXEC, 10);
	bool publishes = !m->config->network_address && json_array_size(m->config->ports) > 0;
	child_place_fd(ready_fd, 3);
	child_place_fd(high, 4);
	child_place_fd(message_copy, 2);
	cloexec_from(5);
	argv[n++] = "--ready-fd=3";
	argv[n++] = "--exit-fd=4";
	if (publishes) {
		unlinkat(run_dir, "slirp.sock", 0);
		socket_path(api, sizeof api, m->config->run_dir, run_dir, "slirp.sock");
		argv[n++] = "--api-socket";
		argv[n++] = api;
	}
	snprintf(netns, sizeof netns, "/proc/%d/ns/net", (int)m->init);
	argv[n++] = "--netns-type=path";
	argv[n++] = netns;
	argv[n++] = "tap0";
	execute(argv, publishes ? run_dir : -1);
}

void network_exec_pasta(struct monitor *m, int message_fd)
{
	char pid_file[PATH_MAX], path[64];
	size_t n = 1 + json_array_size(m->config->network_args);
	const char **argv = arguments(m, 12);
	int message_copy = fcntl(message_fd, F_DUPFD_CLOEXEC, 10);
	unlinkat(m->run_dir, "pasta.pid", 0);
	/* It gives up the right to look at our container's /proc before it opens the namespace. */
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)m->init);
	int netns = open(path, O_RDONLY | O_CLOEXEC);
	int netns_copy = fcntl(netns, F_DUPFD_CLOEXEC, 10);
	child_place_fd(netns_copy, 3);
	child_place_fd(message_copy, 2);
	cloexec_from(4);
	snprintf(pid_file, sizeof pid_file, "%s/pasta.pid", m->config->run_dir);
	argv[n++] = "--pid";
	argv[n++] = pid_file;
	argv[n++] = "--netns";
	argv[n++] = "/proc/self/fd/3";
	execute(argv, -1);
}
