#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "socket_path.h"
#include "supervisor.h"
#include "text.h"

/* A client that lets this much pile up (only answers and the output of the very end can) is given up. */
#define QUEUE_MAX (4U << 20)
/* Whoever asks and asks without listening is not asked what else he wants. */
#define UNREAD_ANSWERS_MAX 64
#define READ_STEPS 16

static bool stdin_blocked(const struct client *client)
{
	return client->header_length == FRAME_HEADER && client->header[0] == 'I' && client->payload_left > 0 &&
	       container_io_stdin_full(client->monitor);
}

/* Nothing is read from it for now: its stdin waits for the container, or its answers for itself. */
static bool is_held(const struct client *client)
{
	return stdin_blocked(client) || client->unread_answers >= UNREAD_ANSWERS_MAX;
}

static void update_events(struct client *client)
{
	uint32_t events = EPOLLRDHUP;
	if (client->dead)
		return;
	if (!is_held(client))
		events |= EPOLLIN;
	if (client->queue_length > 0)
		events |= EPOLLOUT;
	loop_change(&client->monitor->loop, &client->source, events);
}

void client_close(struct client *client)
{
	struct monitor *m = client->monitor;
	if (client->dead)
		return;
	client->dead = true;
	client->queue_length = 0;
	loop_close(&m->loop, &client->source);
	if (m->relay == client)
		m->relay = NULL;
	if (client->holds)
		control_let_go(m);
	if (client->greeted && (client->flags & CLIENT_STDIN))
		container_io_detach_stdin(m);
	container_io_update(m);
}

void clients_sweep(struct monitor *m)
{
	struct client **link = &m->clients.first;
	while (*link) {
		struct client *client = *link;
		if (!client->dead) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		m->clients.count--;
		free(client->queue);
		free(client);
	}
}

static void enqueue(struct client *client, const void *data, size_t length)
{
	if (length == 0)
		return;
	char *queue = client->queue_length + length > QUEUE_MAX ? NULL : realloc(client->queue, client->queue_length + length);
	if (!queue) {
		client_close(client);
		return;
	}
	memcpy(queue + client->queue_length, data, length);
	client->queue = queue;
	client->queue_length += length;
}

void client_send(struct client *client, char type, const void *data, size_t length)
{
	unsigned char header[FRAME_HEADER];
	size_t sent = 0;
	if (client->dead)
		return;
	frame_header(header, type, length);
	if (client->queue_length == 0) {
		struct iovec iov[2] = {{header, sizeof header}, {(void *)data, length}};
		struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
		ssize_t n;
		do
			n = sendmsg(client->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN)
			return; /* gone: its hang-up is told by the loop */
		sent = n > 0 ? (size_t)n : 0;
	}
	if (sent < sizeof header) {
		enqueue(client, header + sent, sizeof header - sent);
		sent = sizeof header;
	}
	enqueue(client, (const char *)data + (sent - sizeof header), length - (sent - sizeof header));
	update_events(client);
}

static void flush_queue(struct client *client)
{
	while (client->queue_sent < client->queue_length) {
		ssize_t n = send(client->source.fd, client->queue + client->queue_sent,
				 client->queue_length - client->queue_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				client_close(client);
			return;
		}
		client->queue_sent += (size_t)n;
	}
	free(client->queue);
	client->queue = NULL;
	client->queue_length = client->queue_sent = client->unread_answers = 0;
	if (client->finishing) {
		client_close(client);
		return;
	}
	update_events(client);
	container_io_update(client->monitor);
}

static void send_answer(struct client *client, const struct text *text)
{
	client_send(client, 'A', text->data, text->length);
	if (client->queue_length > 0)
		client->unread_answers++;
	update_events(client);
}

void client_answer(struct client *client, const struct error *err)
{
	char buffer[EVENT_MAX];
	struct text text = TEXT(buffer);
	if (!err) {
		text_add(&text, "{\"ok\":true}");
	} else {
		text_add(&text, "{\"ok\":false,\"code\":");
		text_add_string(&text, err->code);
		text_add(&text, ",\"message\":");
		text_add_string(&text, err->message);
		text_add(&text, ",\"exitCode\":%d}", err->exit_code);
	}
	send_answer(client, &text);
}

void client_answer_health(struct client *client, enum health_outcome outcome)
{
	static const char *const names[] = {"healthy", "unhealthy", "starting", "timeout"};
	char buffer[64];
	struct text text = TEXT(buffer);
	text_add(&text, "{\"ok\":true,\"health\":\"%s\"}", names[outcome]);
	send_answer(client, &text);
}

static void frame_done(struct client *client)
{
	char type = (char)client->header[0];
	client->header_length = 0;
	if (type == 'I')
		return;
	control_frame(client, type, client->payload, client->payload_length);
}

static void header_done(struct client *client)
{
	client->payload_left = get_u32(client->header + 1);
	client->payload_length = 0;
	char type = (char)client->header[0];
	if (client->payload_left > (type == 'I' ? FRAME_PAYLOAD_MAX : CONTROL_PAYLOAD_MAX) ||
	    (!client->greeted && type != 'H')) {
		client_close(client);
		return;
	}
	if (client->payload_left == 0)
		frame_done(client);
}

/* Takes one piece off the socket. False when there is nothing (more) to take now. */
static bool read_piece(struct client *client)
{
	char data[STDIN_PENDING_MAX];
	unsigned char *into = (unsigned char *)data;
	size_t want = sizeof data;
	bool in_header = client->header_length < FRAME_HEADER, in_stdin = !in_header && client->header[0] == 'I';
	if (in_header) {
		into = client->header + client->header_length;
		want = FRAME_HEADER - client->header_length;
	} else if (!in_stdin) {
		into = client->payload + client->payload_length;
		want = client->payload_left;
	} else if (client->payload_left < want) {
		want = client->payload_left;
	}
	ssize_t n = recv(client->source.fd, into, want, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		client_close(client);
		return false;
	}
	if (in_header) {
		client->header_length += (size_t)n;
		if (client->header_length == FRAME_HEADER)
			header_done(client);
		return !client->dead;
	}
	client->payload_left -= (size_t)n;
	if (in_stdin && (client->flags & CLIENT_STDIN))
		container_io_stdin(client->monitor, data, (size_t)n);
	else if (!in_stdin)
		client->payload_length += (size_t)n;
	if (client->payload_left == 0)
		frame_done(client);
	return !client->dead;
}

static void client_ready(struct source *source, uint32_t events)
{
	struct client *client = source->owner;
	if (events & EPOLLOUT)
		flush_queue(client);
	bool more = !client->dead && (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP | EPOLLERR));
	for (int i = 0; more && i < READ_STEPS; i++) {
		if (is_held(client)) {
			/* Nobody waits for an answer, or for the container to read: what the client sent last is lost. */
			if (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))
				client_close(client);
			break;
		}
		more = read_piece(client);
	}
	if (!client->dead)
		update_events(client);
}

struct client *client_add(struct monitor *m, int fd, unsigned flags, bool greeted)
{
	struct client *client = calloc(1, sizeof *client);
	if (!client || m->clients.count >= CLIENT_MAX) {
		free(client);
		close(fd);
		return NULL;
	}
	client->monitor = m;
	client->flags = flags;
	client->greeted = greeted;
	client->source.owner = client;
	client->source.ready = client_ready;
	if (loop_add(&m->loop, &client->source, fd, EPOLLIN | EPOLLRDHUP) < 0) {
		free(client);
		close(fd);
		return NULL;
	}
	client->next = m->clients.first;
	m->clients.first = client;
	m->clients.count++;
	return client;
}

static void listener_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	(void)events;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct ucred peer;
	socklen_t length = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != geteuid()) {
		close(fd);
		return;
	}
	client_add(m, fd, 0, false);
}

int client_listen(struct monitor *m, struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, "internal", "make the attach socket");
	m->listener.owner = m;
	m->listener.ready = listener_ready;
	unlinkat(m->run_dir, "attach", 0);
	/* On a socket that is bound later, the mode is set before anybody can see it. */
	if (fchmod(fd, 0600) < 0 || socket_bind_at(fd, m->run_dir, "attach") < 0 || listen(fd, 16) < 0 ||
	    loop_add(&m->loop, &m->listener, fd, EPOLLIN) < 0) {
		error_errno(err, "internal", "bind the attach socket in %s", m->config->run_dir);
		close(fd);
		return -1;
	}
	return 0;
}

void clients_output(struct monitor *m, char type, const char *data, size_t length)
{
	unsigned wanted = type == 'E' ? CLIENT_STDERR : CLIENT_STDOUT;
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->flags & wanted)
			client_send(client, type, data, length);
	}
}

bool clients_behind(const struct monitor *m)
{
	for (const struct client *client = m->clients.first; client; client = client->next) {
		if (client->queue_length > 0 && (client->flags & (CLIENT_STDOUT | CLIENT_STDERR)))
			return true;
	}
	return false;
}

size_t clients_queued(const struct monitor *m)
{
	size_t most = 0;
	for (const struct client *client = m->clients.first; client; client = client->next) {
		if (client->queue_length > most)
			most = client->queue_length;
	}
	return most;
}

void clients_resume_stdin(struct monitor *m)
{
	for (struct client *client = m->clients.first; client; client = client->next)
		update_events(client);
}

static void finish(struct client *client)
{
	client->finishing = true;
	if (client->queue_length == 0)
		client_close(client);
}

void clients_tell_ending(struct monitor *m, const struct ending *ending)
{
	char text[EVENT_MAX];
	size_t length = event_format_ending(text, ending);
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->dead)
			continue;
		if (client->awaits_start || client->awaits_pause)
			client_answer(client, ending->error ? ending->error : NULL);
		if (client->awaits_stop)
			client_answer(client, NULL);
		health_answer_ended(client);
		if (client->greeted)
			client_send(client, 'X', text, length);
		finish(client);
	}
}

bool client_connected(const struct client *client)
{
	char byte;
	ssize_t n = recv(client->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n > 0 || (n < 0 && errno == EAGAIN);
}
