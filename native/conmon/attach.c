#include <errno.h>
#include <poll.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/socket_path.h"
#include "conmon.h"

#define SOCKET_NAME "attach"
#define END_PATIENCE_MS 10000 /* for a client that doesn't read the last output */

static void client_events(struct conmon *c, struct conmon_client *client)
{
	uint32_t read_events = client->writes && !conmon_stdin_full(c) ? EPOLLIN : 0;
	loop_change(&c->loop, &client->source, read_events | (client->unsent > 0 ? EPOLLOUT : 0));
}

void conmon_attach_update(struct conmon *c)
{
	for (struct conmon_client *client = c->clients; client; client = client->next)
		client_events(c, client);
}

bool conmon_attach_behind(const struct conmon *c)
{
	for (const struct conmon_client *client = c->clients; client; client = client->next)
		if (client->unsent > 0)
			return true;
	return false;
}

static void drop(struct conmon *c, struct conmon_client *client)
{
	struct conmon_client **link = &c->clients;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	loop_close(&c->loop, &client->source);
	free(client);
	conmon_stdio_update(c);
}

static void send_packet(struct conmon_client *client)
{
	ssize_t n = send(client->source.fd, client->packet, client->unsent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		client->unsent = 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		client->reads = false;
}

static void client_ready(struct source *source, uint32_t events)
{
	struct conmon_client *client = (struct conmon_client *)source;
	struct conmon *c = source->owner;
	if ((events & EPOLLOUT) && client->unsent > 0) {
		send_packet(client);
		conmon_stdio_update(c);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		char data[CONMON_STDIN];
		ssize_t n = conmon_stdin_full(c) ? -1 : recv(source->fd, data, sizeof data, MSG_DONTWAIT);
		if (n > 0) {
			conmon_stdin_write(c, data, (size_t)n);
		} else if (n == 0 && client->writes) {
			client->writes = false;
			conmon_stdin_end(c);
		}
		if ((events & (EPOLLHUP | EPOLLERR)) && n <= 0)
			client->reads = client->writes = false;
	}
	if (client->reads || client->writes)
		client_events(c, client);
	else
		drop(c, client);
}

static bool accept_client(struct conmon *c)
{
	auto_close int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	struct conmon_client *client = fd < 0 ? NULL : calloc(1, sizeof *client);
	if (!client)
		return false;
	client->source = (struct source){.fd = -1, .ready = client_ready, .owner = c};
	client->reads = client->writes = true;
	if (loop_add(&c->loop, &client->source, fd, EPOLLIN) < 0) {
		free(client);
		return false;
	}
	steal_fd(&fd);
	client->next = c->clients;
	c->clients = client;
	return true;
}

static void listener_ready(struct source *source, uint32_t events)
{
	(void)events;
	accept_client(source->owner);
}

/* Where the engine looks for the socket: a link to the bundle whose path is short enough for its address. */
static int link_bundle(const struct conmon_options *o, struct error *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/%s", o->socket_dir, o->uuid) >= (int)sizeof path)
		return error_set(err, "usage", "--socket-dir-path: too long");
	if ((unlink(path) < 0 && errno != ENOENT) || symlink(o->bundle, path) < 0)
		return error_errno(err, "internal", "make the link %s to the bundle", path);
	return 0;
}

int conmon_attach_listen(struct conmon *c, struct error *err)
{
	if (c->options.unattached)
		return 0;
	if (!c->options.full_attach && link_bundle(&c->options, err) < 0)
		return -1;
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlinkat(c->bundle, SOCKET_NAME, 0);
	mode_t mask = umask(077);
	int rc = fd < 0 || socket_bind_at(fd, c->bundle, SOCKET_NAME) < 0 || listen(fd, 10) < 0 ? -1 : 0;
	umask(mask);
	if (rc < 0)
		return error_errno(err, "internal", "make the attach socket in %s", c->options.bundle);
	c->listener = (struct source){.fd = steal_fd(&fd), .ready = listener_ready, .owner = c};
	return 0;
}

void conmon_attach_accept(struct conmon *c)
{
	while (accept_client(c))
		;
}

void conmon_attach_begin(struct conmon *c)
{
	/* An exec session's client waits here already, and its process may have ended. */
	conmon_attach_accept(c);
	if (c->listener.fd >= 0 && loop_add(&c->loop, &c->listener, c->listener.fd, EPOLLIN) < 0)
		close(steal_fd(&c->listener.fd));
}

/* Blocks at the end only: till then nothing is read from the container while a client is behind. */
static void wait_for(struct conmon_client *client)
{
	struct pollfd poller = {.fd = client->source.fd, .events = POLLOUT};
	if (poll(&poller, 1, END_PATIENCE_MS) > 0)
		send_packet(client);
	if (client->unsent > 0)
		client->reads = false;
	client->unsent = 0;
}

void conmon_attach_output(struct conmon *c, enum stream stream, const char *data, size_t length)
{
	for (struct conmon_client *client = c->clients; client; client = client->next) {
		if (client->unsent > 0)
			wait_for(client);
		if (!client->reads)
			continue;
		client->packet[0] = stream == STREAM_STDERR ? 3 : 2;
		memcpy(client->packet + 1, data, length);
		client->unsent = length + 1;
		send_packet(client);
		client_events(c, client);
	}
	conmon_stdio_update(c);
}

void conmon_attach_end(struct conmon *c)
{
	while (c->clients) {
		if (c->clients->unsent > 0)
			wait_for(c->clients);
		drop(c, c->clients);
	}
	loop_close(&c->loop, &c->listener);
	if (!c->options.unattached)
		unlinkat(c->bundle, SOCKET_NAME, 0);
}
