#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "forward.h"
#include "signals.h"
#include "supervisor.h"

#define READY_TIMEOUT_MS 30000
/* What is killed again and again is not started more often than that. */
#define REVIVE_MS 20
#define REVIVALS_MAX 100

/* What a program says beside what went wrong: that there is no syslog, and all its options. Returns where it begins. */
static const char *tidy(char *said)
{
	static const char noise[] = "Failed to send ", noise_end[] = " to syslog ";
	char *usage = strstr(said, "Usage: ");
	if (usage)
		*usage = '\0';
	for (char *from; (from = strstr(said, noise));) {
		const char *end = strstr(from, noise_end);
		end = end ? end + strlen(noise_end) : "";
		memmove(from, end, strlen(end) + 1);
	}
	for (size_t n = strlen(said); n > 0 && said[n - 1] == ' '; n--)
		said[n - 1] = '\0';
	return said + strspn(said, " ");
}

static void fail(struct monitor *m, const char *what)
{
	struct network *network = &m->network;
	struct error err;
	network->said[network->said_length] = '\0';
	const char *said = tidy(network->said);
	const char *code = strstr(said, "Failed to bind") ? "port-in-use" : "network-failed";
	error_set(&err, code, "%s %s%s%s", m->config->network_program, what, said[0] ? ": " : "", said);
	loop_close(&m->loop, &network->ready);
	/* A container that runs goes on without. */
	if (m->phase == PHASE_NETWORK)
		supervisor_fail(m, &err);
}

static void up(struct monitor *m)
{
	struct error err;
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	m->network.up = true;
	if (m->config->network == NETWORK_SLIRP && !m->config->network_address && network_publish(m, &err) < 0) {
		supervisor_fail(m, &err);
		return;
	}
	if (m->phase == PHASE_NETWORK)
		supervisor_network_ready(m);
	else
		supervisor_write_status(m);
}

static void read_message(struct monitor *m)
{
	if (m->network.message.fd >= 0)
		m->network.message.ready(&m->network.message, EPOLLIN);
}

static void ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	char byte;
	(void)events;
	ssize_t n = read(source->fd, &byte, 1);
	if (n != 1) {
		/* Its last words may still be in the pipe. */
		read_message(m);
		fail(m, "ended before the network was there");
		return;
	}
	loop_close(&m->loop, source);
	up(m);
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
	m->network.exit_fd = m->network.bridges = -1;
}

static void started(struct monitor *m, pid_t pid)
{
	struct network *network = &m->network;
	network->pid = pid > 0 ? pid : 0;
	if (pid < 0) {
		fail(m, "could not be started");
		return;
	}
	process_identify(pid, &m->status.helpers[HELPER_NETWORK]);
	loop_set_timer(&m->loop, TIMER_HELPER, READY_TIMEOUT_MS);
}

static int listen_to_message(struct monitor *m, int *theirs)
{
	int ours;
	loop_close(&m->loop, &m->network.message);
	m->network.up = false;
	m->network.said_length = 0;
	if (child_pipe(&ours, theirs, false) < 0)
		return -1;
	return loop_add(&m->loop, &m->network.message, ours, EPOLLIN);
}

/* In a new child: nothing of it outlives us. */
static void tie_to(pid_t monitor)
{
	signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(1);
}

static void begin_slirp(struct monitor *m)
{
	struct network *network = &m->network;
	int ready_pipe[2], exit_pipe[2], message_end;
	if (pipe2(ready_pipe, O_CLOEXEC) < 0 || pipe2(exit_pipe, O_CLOEXEC) < 0 || listen_to_message(m, &message_end) < 0 ||
	    loop_add(&m->loop, &network->ready, ready_pipe[0], EPOLLIN) < 0) {
		fail(m, "could not be started");
		return;
	}
	pid_t monitor = getpid(), pid = fork();
	if (pid == 0) {
		tie_to(monitor);
		network_exec_slirp(m, ready_pipe[1], exit_pipe[0], message_end);
	}
	close(ready_pipe[1]);
	close(exit_pipe[0]);
	close(message_end);
	network->exit_fd = exit_pipe[1];
	started(m, pid);
}

/* It ends when the network is there, having left a process behind that carries it. */
static void begin_pasta(struct monitor *m)
{
	int message_end;
	if (listen_to_message(m, &message_end) < 0) {
		fail(m, "could not be started");
		return;
	}
	pid_t monitor = getpid(), pid = fork();
	if (pid == 0) {
		tie_to(monitor);
		network_exec_pasta(m, message_end);
	}
	close(message_end);
	started(m, pid);
}

static void pasta_forked(struct monitor *m, int status)
{
	size_t length;
	auto_free char *text = read_file_at(m->run_dir, "pasta.pid", 32, &length);
	pid_t pid = text ? atoi(text) : 0;
	read_message(m);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || pid <= 0) {
		fail(m, "failed");
		return;
	}
	m->network.pid = pid;
	process_identify(pid, &m->status.helpers[HELPER_NETWORK]);
	up(m);
}

static void begin_program(struct monitor *m)
{
	if (m->config->network == NETWORK_SLIRP)
		begin_slirp(m);
	else if (m->config->network == NETWORK_PASTA)
		begin_pasta(m);
	else
		bridge_begin(m);
}

static int begin_forwarder(struct monitor *m, struct error *err)
{
	struct forwarder forwarder;
	char path[64];
	if (!m->config->network_address || json_array_size(m->config->ports) == 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)m->init);
	auto_close int netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return error_errno(err, "network-failed", "open %s", path);
	if (forward_open(m->config, &forwarder, err) < 0 || forward_start(&forwarder, netns, &m->network.forwarder, err) < 0)
		return -1;
	process_identify(m->network.forwarder, &m->status.helpers[HELPER_FORWARDER]);
	return 0;
}

void network_begin(struct monitor *m)
{
	struct error err;
	m->network.ended = false;
	m->network.revivals = 0;
	/* First of all: a port that is in use shall cost nothing. */
	if (begin_forwarder(m, &err) < 0) {
		supervisor_fail(m, &err);
		return;
	}
	loop_set_timer(&m->loop, TIMER_HELPER, READY_TIMEOUT_MS);
	begin_program(m);
}

void network_revive(struct monitor *m)
{
	struct network *network = &m->network;
	struct error ignored;
	if (m->config->network == NETWORK_BRIDGE && network->ended) {
		loop_close(&m->loop, &network->ready); /* the keeper doesn't answer */
		supervisor_advance(m);
		return;
	}
	if (network->ended || m->phase < PHASE_NETWORK || m->phase > PHASE_RUNNING)
		return;
	if (m->config->network == NETWORK_BRIDGE && network->ready.fd < 0)
		bridge_begin(m);
	if (m->phase != PHASE_RUNNING)
		return;
	if (network->forwarder == 0 && begin_forwarder(m, &ignored) < 0)
		network->forwarder = 0;
	if (network->pid == 0 && m->config->network != NETWORK_BRIDGE) {
		if (network->exit_fd >= 0)
			close(steal_fd(&network->exit_fd));
		begin_program(m);
	}
	supervisor_write_status(m);
}

void network_move(struct monitor *m)
{
	if (m->network.forwarder > 0)
		kill(m->network.forwarder, SIGKILL);
	else
		loop_set_timer(&m->loop, TIMER_REVIVE, REVIVE_MS);
}

void network_expired(struct monitor *m)
{
	fail(m, "did not get the network ready in time");
	if (m->phase == PHASE_RUNNING && m->network.pid > 0)
		kill(m->network.pid, SIGKILL); /* to be tried once more */
}

/*
 * Whether the program has to be gone before the end is told. A killed slirp4netns takes the kernel 20 ms, nearly all of it for
 * the tap device, and without ports and another run nobody meets what is left of it.
 */
static bool is_waited_for(const struct monitor *m)
{
	return m->config->network != NETWORK_SLIRP || m->config->restart != RESTART_NO || m->restart_wanted ||
	       json_array_size(m->config->ports) > 0;
}

/* They keep no state, and the ports shall be free. */
void network_end(struct monitor *m)
{
	struct network *network = &m->network;
	network->ended = true;
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	loop_cancel_timer(&m->loop, TIMER_REVIVE);
	if (m->config->network == NETWORK_BRIDGE)
		bridge_end(m);
	else
		loop_close(&m->loop, &network->ready);
	loop_close(&m->loop, &network->message);
	if (network->exit_fd >= 0)
		close(steal_fd(&network->exit_fd));
	if (network->pid > 0)
		kill(network->pid, SIGKILL);
	if (!is_waited_for(m))
		m->status.helpers[HELPER_NETWORK].pid = 0;
	if (network->forwarder > 0)
		kill(network->forwarder, SIGKILL);
}

bool network_ending(const struct monitor *m)
{
	bool leaving = m->config->network == NETWORK_BRIDGE && m->network.ready.fd >= 0;
	return (m->network.pid > 0 && is_waited_for(m)) || m->network.forwarder > 0 || leaving;
}

void network_answer(struct monitor *m, const struct error *err)
{
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->awaits_network)
			client_answer(client, err);
		client->awaits_network = false;
	}
}

void network_reaped(struct monitor *m, pid_t pid, int status)
{
	struct network *network = &m->network;
	if (pid == network->forwarder) {
		network->forwarder = 0;
		m->status.helpers[HELPER_FORWARDER].pid = 0;
	} else if (pid == network->pid) {
		network->pid = 0;
		m->status.helpers[HELPER_NETWORK].pid = 0;
		if (m->config->network == NETWORK_PASTA && !network->up && !network->ended) {
			pasta_forked(m, status);
			return;
		}
	} else {
		return;
	}
	if (m->phase == PHASE_RUNNING && !network->ended && network->revivals++ < REVIVALS_MAX)
		loop_set_timer(&m->loop, TIMER_REVIVE, REVIVE_MS);
}
