#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "notify_send.h"
#include "socket_path.h"
#include "supervisor.h"

#define DIRECTORY "notify"
#define SOCKET_NAME "notify.sock"
#define MESSAGE_MAX 4096

/* Of what means something outside only: process ids are the container's own, and descriptors are not passed on. */
static bool is_foreign(const char *line, size_t length)
{
	static const char *const names[] = {"MAINPID=", "MAINPIDFDID=", "FDSTORE", "FDNAME=", "FDPOLL=", "BARRIER="};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (length >= strlen(names[i]) && strncmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void forward(struct source *source, uint32_t events)
{
	const struct monitor *m = source->owner;
	char text[MESSAGE_MAX], kept[MESSAGE_MAX];
	size_t length = 0;
	(void)events;
	ssize_t n = recv(source->fd, text, sizeof text, MSG_DONTWAIT);
	for (const char *line = text, *end = text + (n < 0 ? 0 : n); line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((next ? next + 1 : end) - line);
		if (!is_foreign(line, size)) {
			memcpy(kept + length, line, size);
			length += size;
		}
		line += size;
	}
	if (length > 0)
		notify_send(m->config->notify_socket, kept, length);
}

static int listen_for_container(struct monitor *m)
{
	if (mkdirat(m->run_dir, DIRECTORY, 0755) < 0 && errno != EEXIST)
		return -1;
	auto_close int directory = openat(m->run_dir, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (directory < 0 || fd < 0 || (unlinkat(directory, SOCKET_NAME, 0) < 0 && errno != ENOENT) ||
	    fchmod(directory, 0755) < 0 || socket_bind_at(fd, directory, SOCKET_NAME) < 0 ||
	    /* Whoever the container's process is may tell. */
	    fchmodat(directory, SOCKET_NAME, 0777, 0) < 0 || loop_add(&m->loop, &m->notify, fd, EPOLLIN) < 0)
		return -1;
	steal_fd(&fd);
	return 0;
}

int notify_open(struct monitor *m, struct error *err)
{
	m->notify.ready = forward;
	m->notify.owner = m;
	if (m->config->notify != NOTIFY_CONTAINER || listen_for_container(m) == 0)
		return 0;
	return error_errno(err, "internal", "make the notify socket in %s", m->config->run_dir);
}

void notify_close(struct monitor *m)
{
	if (m->notify.fd < 0)
		return;
	/* What it has told last. */
	forward(&m->notify, 0);
	loop_close(&m->loop, &m->notify);
	unlinkat(m->run_dir, DIRECTORY "/notify", 0);
	unlinkat(m->run_dir, DIRECTORY, AT_REMOVEDIR);
}

void notify_running(struct monitor *m)
{
	char text[64];
	if (m->config->notify == NOTIFY_NONE || m->notified)
		return;
	m->notified = true;
	const char *ready = m->config->notify == NOTIFY_CONMON ? "\nREADY=1" : "";
	int length = snprintf(text, sizeof text, "MAINPID=%d%s", (int)getpid(), ready);
	notify_send(m->config->notify_socket, text, (size_t)length);
}

void notify_healthy(struct monitor *m)
{
	static const char ready[] = "READY=1";
	if (m->config->notify != NOTIFY_HEALTHY || m->notified_healthy)
		return;
	m->notified_healthy = true;
	notify_send(m->config->notify_socket, ready, sizeof ready - 1);
}
