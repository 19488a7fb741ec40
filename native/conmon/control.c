#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conmon.h"

enum { RESIZE = 1, REOPEN_LOG = 2 };

/* Of a line; longer ones are passed over. */
#define LINE_MAX_LENGTH 200
/* Of a terminal: programs reserve memory for its cells. */
#define SIZE_MAX_CELLS 1000

struct lines {
	char text[LINE_MAX_LENGTH];
	size_t length;
	bool too_long;
};

static void resize(struct conmon *c, int rows, int columns)
{
	if (rows >= 0 && columns >= 0 && rows <= SIZE_MAX_CELLS && columns <= SIZE_MAX_CELLS)
		conmon_stdio_resize(c, (unsigned)rows, (unsigned)columns);
}

static void obey_control(struct conmon *c, const char *line)
{
	int command, first, second;
	if (sscanf(line, "%d %d %d", &command, &first, &second) != 3)
		return;
	if (command == RESIZE)
		resize(c, first, second);
	else if (command == REOPEN_LOG)
		log_reopen(&c->log);
}

static void obey_resize(struct conmon *c, const char *line)
{
	int rows, columns;
	if (sscanf(line, "%d %d", &rows, &columns) == 2)
		resize(c, rows, columns);
}

static void read_lines(struct source *source, struct lines *lines, void (*obey)(struct conmon *c, const char *line))
{
	char data[512];
	ssize_t n = read(source->fd, data, sizeof data);
	for (ssize_t i = 0; i < n; i++) {
		if (data[i] != '\n') {
			if (lines->length < sizeof lines->text - 1)
				lines->text[lines->length++] = data[i];
			else
				lines->too_long = true;
			continue;
		}
		lines->text[lines->length] = '\0';
		if (!lines->too_long)
			obey(source->owner, lines->text);
		*lines = (struct lines){.length = 0};
	}
}

static void control_ready(struct source *source, uint32_t events)
{
	static struct lines lines;
	(void)events;
	read_lines(source, &lines, obey_control);
}

static void resize_ready(struct source *source, uint32_t events)
{
	static struct lines lines;
	(void)events;
	read_lines(source, &lines, obey_resize);
}

static int open_fifo(struct conmon *c, struct source *source, const char *name, struct error *err)
{
	if (unlinkat(c->bundle, name, 0) < 0 && errno != ENOENT)
		return error_errno(err, "internal", "remove %s/%s", c->options.bundle, name);
	/* Also for writing: so it never ends. */
	int fd = mkfifoat(c->bundle, name, 0600) < 0 ? -1 : openat(c->bundle, name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || loop_add(&c->loop, source, fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "make the FIFO %s/%s", c->options.bundle, name);
	return 0;
}

int conmon_control_open(struct conmon *c, struct error *err)
{
	c->control = (struct source){.fd = -1, .ready = control_ready, .owner = c};
	c->resize = (struct source){.fd = -1, .ready = resize_ready, .owner = c};
	if (c->options.unattached)
		return 0;
	return open_fifo(c, &c->control, "ctl", err) < 0 ? -1 : open_fifo(c, &c->resize, "winsz", err);
}
