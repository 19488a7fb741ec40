#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "signals.h"
#include "socket_path.h"
#include "supervisor.h"

#define READY_TIMEOUT_MS 30000

static void fail(struct monitor *m, const char *what)
{
	struct network *network = &m->network;
	struct error err;
	network->said[network->said_length] = '\0';
	error_set(&err, "network-failed", "%s %s%s%s", m->config->network_program, what,
		  network->said_length > 0 ? ": " : "", network->said);
	loop_close(&m->loop, &network->ready);
	supervisor_fail(m, &err);
}

static void ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct error err;
	char byte;
	(void)events;
	ssize_t n = read(source->fd, &byte, 1);
	if (n != 1) {
		/* Its last words may still be in the pipe. */
		if (m->network.message.fd >= 0)
			m->network.message.ready(&m->network.message, EPOLLIN);
		fail(m, "ended before the network was there");
		return;
	}
	loop_close(&m->loop, source);
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	m->network.up = true;
	if (network_publish(m, &err) < 0)
		supervisor_fail(m, &err);
	else
		supervisor_network_ready(m);
}

/* It goes on talking while the container runs; unread, its pipe would fill up and stop it. */
static void message(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct network *network = &m->network;
	char said[256];
	(void)events;
	ssize_t n = read(source->fd, said, sizeof said);
	if (n <= 0) {
		if (n == 0)
			loop_close(&m->loop, source);
		return;
	}
	for (ssize_t i = 0; !network->up && i < n && network->said_length < sizeof network->said - 1; i++)
		network->said[network->said_length++] = said[i] == '\n' ? ' ' : said[i];
}

void network_init(struct monitor *m)
{
	m->network.ready = (struct source){.fd = -1, .ready = ready, .owner = m};
	m->network.message = (struct source){.fd = -1, .ready = message, .owner = m};
	m->network.exit_fd = -1;
}

static void exec_slirp(struct monitor *m, pid_t monitor, int ready_fd, int exit_fd, int message_fd)
{
	char api[PATH_MAX], netns[64];
	size_t n = 1 + json_array_size(m->config->network_args);
	const char **argv = config_argv(m->config->network_program, m->config->network_args, 12);
	signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!argv || getppid() != monitor)
		_exit(1);
	int high = fcntl(exit_fd, F_DUPFD_CLOEXEC, 10);
	int message_copy = fcntl(message_fd, F_DUPFD_CLOEXEC, 10);
	int run_dir = fcntl(m->run_dir, F_DUPFD_CLOEXEC, 10);
	child_place_fd(ready_fd, 3);
	child_place_fd(high, 4);
	child_place_fd(message_copy, 2);
	cloexec_from(5);
	argv[n++] = "--ready-fd=3";
	argv[n++] = "--exit-fd=4";
	if (json_array_size(m->config->ports) > 0) {
		socket_path(api, sizeof api, m->config->run_dir, run_dir, "slirp.sock");
		fcntl(run_dir, F_SETFD, 0);
		argv[n++] = "--api-socket";
		argv[n++] = api;
	}
	snprintf(netns, sizeof netns, "/proc/%d/ns/net", (int)m->init);
	argv[n++] = "--netns-type=path";
	argv[n++] = netns;
	argv[n++] = "tap0";
	execv(argv[0], (char *const *)argv);
	dprintf(2, "exec: %s\n", strerror(errno));
	_exit(127);
}

void network_begin(struct monitor *m)
{
	struct network *network = &m->network;
	int ready_pipe[2], exit_pipe[2], message_pipe[2];
	network->up = false;
	network->said_length = 0;
	if (pipe2(ready_pipe, O_CLOEXEC) < 0 || pipe2(exit_pipe, O_CLOEXEC) < 0 ||
	    pipe2(message_pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    loop_add(&m->loop, &network->ready, ready_pipe[0], EPOLLIN) < 0 ||
	    loop_add(&m->loop, &network->message, message_pipe[0], EPOLLIN) < 0) {
		fail(m, "could not be started");
		return;
	}
	pid_t monitor = getpid();
	network->pid = fork();
	if (network->pid == 0)
		exec_slirp(m, monitor, ready_pipe[1], exit_pipe[0], message_pipe[1]);
	close(ready_pipe[1]);
	close(exit_pipe[0]);
	close(message_pipe[1]);
	network->exit_fd = exit_pipe[1];
	if (network->pid < 0) {
		network->pid = 0;
		fail(m, "could not be started");
		return;
	}
	process_identify(network->pid, &m->status.helpers[HELPER_NETWORK]);
	loop_set_timer(&m->loop, TIMER_HELPER, READY_TIMEOUT_MS);
}

void network_expired(struct monitor *m)
{
	fail(m, "did not get the network ready in time");
}

void network_end(struct monitor *m)
{
	struct network *network = &m->network;
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	loop_close(&m->loop, &network->ready);
	loop_close(&m->loop, &network->message);
	if (network->exit_fd >= 0)
		close(steal_fd(&network->exit_fd));
	if (network->pid > 0)
		kill(network->pid, SIGKILL); /* it keeps no state, and the ports shall be free */
}

void network_reaped(struct monitor *m, pid_t pid)
{
	if (pid != m->network.pid)
		return;
	m->network.pid = 0;
	m->status.helpers[HELPER_NETWORK].pid = 0;
}
