#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cleanup.h"
#include "forward.h"

#define CHUNK (1U << 20)

/* Bytes on their way from one socket to the other wait in a pipe; they never come to us. */
struct direction {
	struct watch *from, *to;
	int pipe[2];
	size_t pending;
	bool eof, done, broken;
};

struct connection {
	struct watch client, server;
	struct direction up, down;
	bool connecting;
	struct connection *next; /* of those closed */
};

static struct connection *closed;

static void close_connection(struct connection *connection, bool reset)
{
	struct watch *ends[] = {&connection->client, &connection->server};
	int *pipes[] = {connection->up.pipe, connection->down.pipe};
	struct linger linger = {.l_onoff = 1};
	for (int i = 0; i < 2; i++) {
		if (reset)
			setsockopt(ends[i]->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
		if (ends[i]->fd >= 0)
			close(steal_fd(&ends[i]->fd));
		for (int end = 0; end < 2; end++) {
			if (pipes[i][end] >= 0)
				close(pipes[i][end]);
		}
	}
	connection->next = closed;
	closed = connection;
}

void tcp_sweep(void)
{
	if (closed && forwarding->starved) {
		forwarding->starved = false;
		for (size_t i = 0; i < forwarding->count; i++)
			forward_watch(forwarding, &forwarding->listeners[i].watch, EPOLLIN);
	}
	while (closed) {
		struct connection *connection = closed;
		closed = connection->next;
		free(connection);
	}
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* One end breaking is no reason to lose what is on its way to the other. */
static void pump(struct direction *direction)
{
	if (direction->pending == 0 && !direction->eof) {
		ssize_t n = splice(direction->from->fd, NULL, direction->pipe[1], NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		direction->broken |= n < 0 && !again();
		direction->eof = n == 0 || direction->broken;
		direction->pending = n > 0 ? (size_t)n : 0;
	}
	if (direction->pending > 0) {
		ssize_t n = splice(direction->pipe[0], NULL, direction->to->fd, NULL, direction->pending,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0 && !again()) {
			direction->eof = direction->broken = true;
			direction->pending = 0;
		}
		if (n > 0)
			direction->pending -= (size_t)n;
	}
	if (direction->eof && direction->pending == 0 && !direction->done) {
		direction->done = true;
		shutdown(direction->to->fd, SHUT_WR);
	}
}

static uint32_t wanted(const struct direction *in, const struct direction *out)
{
	uint32_t events = 0;
	if (in->pending == 0 && !in->eof)
		events |= EPOLLIN;
	if (out->pending > 0)
		events |= EPOLLOUT;
	return events;
}

static void carry(struct watch *watch, uint32_t events)
{
	struct connection *connection = watch->owner;
	(void)events;
	if (connection->connecting) {
		int problem = 0;
		socklen_t size = sizeof problem;
		if (getsockopt(connection->server.fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 || problem != 0) {
			close_connection(connection, true);
			return;
		}
		connection->connecting = false;
	}
	pump(&connection->up);
	pump(&connection->down);
	if (connection->up.done && connection->down.done) {
		close_connection(connection, connection->up.broken || connection->down.broken);
		return;
	}
	if (forward_watch(forwarding, &connection->client, wanted(&connection->up, &connection->down)) < 0 ||
	    forward_watch(forwarding, &connection->server, wanted(&connection->down, &connection->up)) < 0)
		close_connection(connection, true);
}

static struct connection *new_connection(int client)
{
	struct connection *connection = calloc(1, sizeof *connection);
	if (!connection) {
		close(client);
		return NULL;
	}
	connection->client = (struct watch){.fd = client, .ready = carry, .owner = connection};
	connection->server = (struct watch){.fd = -1, .ready = carry, .owner = connection};
	connection->up = (struct direction){.from = &connection->client, .to = &connection->server, .pipe = {-1, -1}};
	connection->down = (struct direction){.from = &connection->server, .to = &connection->client, .pipe = {-1, -1}};
	return connection;
}

static int connect_server(struct connection *connection, const struct sockaddr_storage *target)
{
	int on = 1;
	if (pipe2(connection->up.pipe, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(connection->down.pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	connection->server.fd = socket(target->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connection->server.fd < 0)
		return -1;
	setsockopt(connection->client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(connection->server.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	connection->connecting = true;
	if (connect(connection->server.fd, (const struct sockaddr *)target, forward_address_size(target)) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	return forward_watch(forwarding, &connection->server, EPOLLOUT);
}

void tcp_accept(struct watch *watch, uint32_t events)
{
	struct listener *listener = watch->owner;
	(void)events;
	int client = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client < 0) {
		if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
			return;
		/* Asked again at once, we would only be refused again. */
		forwarding->starved = true;
		for (size_t i = 0; i < forwarding->count; i++) {
			if (!forwarding->listeners[i].udp)
				forward_watch(forwarding, &forwarding->listeners[i].watch, 0);
		}
		return;
	}
	struct connection *connection = new_connection(client);
	if (connection && connect_server(connection, &listener->target) < 0)
		close_connection(connection, true);
}
