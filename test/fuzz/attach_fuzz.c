/*
 * What a client of the attach socket may send: the monitor's own code for its frames and requests, in front of a
 * container that isn't there. The first byte of an input says how that behaves.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor/event_log.h"
#include "monitor/supervisor.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

enum { STDIN_FULL = 1, PAUSED = 2, RUNNING = 4, EXEC = 8, PEER_READS = 16, GREETED = 32 };

static struct monitor monitor;
static struct config config;
static struct launch launch;
static unsigned mode;

/* The container, as far as the frames know of it. */

void container_io_stdin(struct monitor *m, const char *data, size_t length)
{
	(void)m;
	if (length == 0 || length > STDIN_PENDING_MAX || data[0] + data[length - 1] > 512)
		abort();
}

bool container_io_stdin_full(const struct monitor *m)
{
	(void)m;
	return mode & STDIN_FULL;
}

void container_io_resize(struct monitor *m, unsigned rows, unsigned columns)
{
	(void)m;
	if (rows > 65535 || columns > 65535)
		abort();
}

void supervisor_kill(struct monitor *m, int signal)
{
	if (m->phase >= PHASE_ENDING || signal < 1 || signal > 64)
		abort();
}

void supervisor_stop(struct monitor *m, int timeout, int signal)
{
	(void)timeout;
	m->stop_wanted = true;
	if (signal < 0 || signal > 64)
		abort();
}

void supervisor_start(struct monitor *m)
{
	m->start_wanted = true;
}

void operation_begin(struct monitor *m, operation_work work, operation_done done)
{
	struct operation_result result = {.failed = mode & STDIN_FULL};
	if (m->operation.running || m->phase != PHASE_RUNNING)
		abort();
	(void)work;
	error_set(&result.error, "runtime-failed", "as the input wants it");
	done(m, &result);
}

void container_io_detach_stdin(struct monitor *m) { (void)m; }
void container_io_update(struct monitor *m) { (void)m; }
void supervisor_advance(struct monitor *m) { (void)m; }
void supervisor_write_status(struct monitor *m) { (void)m; }
void event_log(const struct monitor *m, const char *status, const char *members) { (void)m, (void)status, (void)members; }
void health_changed(struct monitor *m, bool had_one) { (void)m, (void)had_one; }
void health_requested(struct client *client) { client_answer_health(client, OUTCOME_HEALTHY); }
void health_answer_ended(struct client *client) { (void)client; }
void network_move(struct monitor *m) { (void)m; }
int operation_pause(struct monitor *m, struct operation_result *result) { (void)m, (void)result; return 0; }
int operation_resume(struct monitor *m, struct operation_result *result) { (void)m, (void)result; return 0; }
int bridge_change(struct monitor *m, bool anew, struct error *err)
{
	(void)m;
	return anew ? error_set(err, "internal", "no network here") : 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err;
	(void)argc, (void)argv;
	if (loop_open(&monitor.loop, &err) < 0)
		abort();
	launch.directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	monitor.launch = &launch;
	monitor.config = &config;
	return 0;
}

static void begin(void)
{
	memset(&config, 0, sizeof config);
	config.exec = mode & EXEC;
	config.document = json_object();
	config.network_address = "";
	monitor.phase = mode & RUNNING ? PHASE_RUNNING : PHASE_CREATED;
	monitor.paused = mode & PAUSED;
	monitor.start_wanted = monitor.stop_wanted = monitor.held = monitor.let_go = false;
}

/* Lets the client's side be read as far as it goes. */
static void read_all(struct client *client, int peer, uint32_t events)
{
	char answers[4096];
	for (int i = 0; i < 64 && !client->dead; i++) {
		client->source.ready(&client->source, events);
		if (mode & PEER_READS)
			while (recv(peer, answers, sizeof answers, MSG_DONTWAIT) > 0)
				;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	int ends[2];
	if (size == 0)
		return 0;
	mode = input[0];
	begin();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	struct client *client = client_add(&monitor, ends[0], 0, mode & GREETED);
	if (!client)
		abort();
	for (size_t at = 1; at < size && !client->dead;) {
		/* In pieces whose length the input chooses too. */
		size_t piece = 1 + input[at] % 64 < size - at ? 1 + input[at] % 64 : size - at;
		ssize_t sent = send(ends[1], input + at, piece, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		at += (size_t)sent;
		read_all(client, ends[1], EPOLLIN);
	}
	struct ending ending = {.exit_code = 3};
	if (mode & PAUSED)
		clients_tell_ending(&monitor, &ending);
	close(ends[1]);
	read_all(client, -1, EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLRDHUP);
	if (!client->dead)
		abort(); /* one who has gone is forgotten, whatever he said */
	clients_sweep(&monitor);
	if (monitor.clients.count != 0 || monitor.clients.first)
		abort();
	json_decref(config.document);
	return 0;
}
