#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conmon.h"

enum { RESIZE = 1, REOPEN_LOG = 2 };

static void obey(struct conmon *c, const char *line)
{
	int command = 0;
	unsigned rows = 0, columns = 0;
	int fields = sscanf(line, "%d %u %u", &command, &rows, &columns);
	if (command == RESIZE && fields == 3) {
		conmon_stdio_resize(c, rows, columns);
	} else if (command == REOPEN_LOG && fields >= 1) {
		struct error ignored;
		log_close(&c->log);
		log_open(&c->log, &c->options.log, &ignored);
	}
}

/* Lines are short, and written by one write each. */
static void control_ready(struct source *source, uint32_t events)
{
	char data[512], *next = data;
	(void)events;
	ssize_t n = read(source->fd, data, sizeof data - 1);
	if (n <= 0)
		return;
	data[n] = '\0';
	for (char *line; (line = strsep(&next, "\n"));)
		obey(source->owner, line);
}

int conmon_control_open(struct conmon *c, struct error *err)
{
	c->control = (struct source){.fd = -1, .ready = control_ready, .owner = c};
	unlinkat(c->bundle, "ctl", 0);
	/* Also for writing: so it never ends. */
	int fd = mkfifoat(c->bundle, "ctl", 0600) < 0 ? -1 : openat(c->bundle, "ctl", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || loop_add(&c->loop, &c->control, fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "make the FIFO %s/ctl", c->options.bundle);
	return 0;
}
