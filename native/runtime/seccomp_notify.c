#include "seccomp_notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

int seccomp_notify_connect(const struct seccomp_program *program, int *fd, struct error *err)
{
	*fd = -1;
	if (!program->listener_path)
		return 0;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(program->listener_path) >= sizeof address.sun_path)
		return error_set(err, "bad-config", "linux.seccomp.listenerPath: is too long");
	strcpy(address.sun_path, program->listener_path);
	auto_close int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0 || connect(socket_fd, (struct sockaddr *)&address, sizeof address) < 0)
		return error_errno(err, "runtime-failed", "connect to the seccomp agent at %s", program->listener_path);
	*fd = steal_fd(&socket_fd);
	return 0;
}

int seccomp_notify_send(int socket_fd, int listener, const char *state, struct error *err)
{
	struct iovec iov = {.iov_base = (char *)state, .iov_len = strlen(state)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	memset(&control, 0, sizeof control);
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &listener, sizeof listener);
	if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
		return error_errno(err, "runtime-failed", "send the seccomp listener to its agent");
	close(listener);
	close(socket_fd);
	return 0;
}
