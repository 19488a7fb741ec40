#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/notify_send.h"
#include "common/socket_path.h"
#include "conmon.h"

#define SOCKET_NAME "notify.sock"

/* That it is ready or alive; nothing else is the container's to say. */
static void forward(struct source *source, uint32_t events)
{
	static const char *const passed[] = {"READY=1", "WATCHDOG=1"};
	const struct conmon *c = source->owner;
	char text[4096];
	(void)events;
	ssize_t n = recv(source->fd, text, sizeof text - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (strstr(text, passed[i])) {
			notify_send(c->options.notify_socket, passed[i], strlen(passed[i]));
			return;
		}
}

int conmon_notify_open(struct conmon *c, struct error *err)
{
	c->notify = (struct source){.fd = -1, .ready = forward, .owner = c};
	if (!c->options.notify_socket)
		return 0;
	/* The engine has made it, for the container to have it mounted. */
	auto_close int directory = openat(c->bundle, "notify", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (directory < 0 || fd < 0 || (unlinkat(directory, SOCKET_NAME, 0) < 0 && errno != ENOENT) ||
	    socket_bind_at(fd, directory, SOCKET_NAME) < 0 || fchmodat(directory, SOCKET_NAME, 0777, 0) < 0 ||
	    loop_add(&c->loop, &c->notify, fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "make the socket %s/notify/" SOCKET_NAME, c->options.bundle);
	steal_fd(&fd);
	return 0;
}

void conmon_notify_close(struct conmon *c)
{
	if (c->notify.fd < 0)
		return;
	/* What it has told last. */
	forward(&c->notify, 0);
	loop_close(&c->loop, &c->notify);
	unlinkat(c->bundle, "notify/" SOCKET_NAME, 0);
}
