#include "sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int sync_pair(int *ours, int *theirs)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int send_message(int fd, const struct sync_message *message)
{
	ssize_t n;
	do
		n = send(fd, message, sizeof *message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int sync_send(int fd, enum sync_type type)
{
	struct sync_message message = {.type = type};
	return send_message(fd, &message);
}

int sync_send_pid(int fd, pid_t pid)
{
	struct sync_message message = {.type = SYNC_PID, .pid = pid};
	return send_message(fd, &message);
}

int sync_send_go(int fd, pid_t pid)
{
	struct sync_message message = {.type = SYNC_GO, .pid = pid};
	return send_message(fd, &message);
}

int sync_send_source(int fd, size_t index)
{
	struct sync_message message = {.type = SYNC_SOURCE, .index = index};
	return send_message(fd, &message);
}

void sync_send_error(int fd, const struct error *error)
{
	struct sync_message message = {.type = SYNC_ERROR, .error = *error};
	/* Nobody left to tell is no reason not to end. */
	(void)send_message(fd, &message);
}

int sync_receive(int fd, struct sync_message *message)
{
	ssize_t n;
	do
		n = recv(fd, message, sizeof *message, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -1;
	if ((size_t)n != sizeof *message || message->type < SYNC_ERROR || message->type > SYNC_GO) {
		errno = EPROTO;
		return -1;
	}
	message->error.code[sizeof message->error.code - 1] = '\0';
	message->error.message[sizeof message->error.message - 1] = '\0';
	return 1;
}

int sync_request(int fd, enum sync_type type, struct error *err)
{
	struct sync_message message;
	if (sync_send(fd, type) < 0)
		return error_errno(err, "runtime-failed", "speak to the creating process");
	int rc = sync_receive(fd, &message);
	if (rc < 0)
		return error_errno(err, "runtime-failed", "hear from the creating process");
	if (rc == 0 || message.type != SYNC_GO)
		return error_set(err, "runtime-failed", "the creating process went away");
	return 0;
}
