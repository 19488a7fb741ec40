#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "conmon.h"
#include "monitor/child.h"

static void close_stream(struct conmon *c, struct source *source)
{
	loop_close(&c->loop, source);
	conmon_stdio_update(c);
}

/* Bytes handed on, 0 at the end of the stream, -1 when there is nothing now. */
static ssize_t read_stream(struct conmon *c, struct source *source)
{
	enum stream stream = source == &c->err ? STREAM_STDERR : STREAM_STDOUT;
	char data[CONMON_PACKET - 1];
	ssize_t n = read(source->fd, data, sizeof data);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (n <= 0) /* EIO: nobody has the terminal open any more */
		return 0;
	log_write(&c->log, stream, data, (size_t)n);
	log_write(&c->journal, stream, data, (size_t)n);
	conmon_attach_output(c, stream, data, (size_t)n);
	return n;
}

static void flush_stdin(struct conmon *c)
{
	int fd = c->options.terminal ? c->out.fd : c->in.fd;
	while (c->stdin_unsent > 0) {
		ssize_t n = write(fd, c->stdin_data + c->stdin_sent, c->stdin_unsent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) { /* the container has closed it */
			c->stdin_unsent = 0;
			c->stdin_ending = true;
			break;
		}
		c->stdin_sent += (size_t)n;
		c->stdin_unsent -= (size_t)n;
	}
	if (c->stdin_unsent == 0 && c->stdin_ending)
		loop_close(&c->loop, &c->in);
	conmon_stdio_update(c);
	conmon_attach_update(c);
}

static void out_ready(struct source *source, uint32_t events)
{
	struct conmon *c = source->owner;
	if (events & EPOLLOUT)
		flush_stdin(c);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && read_stream(c, source) == 0)
		close_stream(c, source);
}

static void in_ready(struct source *source, uint32_t events)
{
	struct conmon *c = source->owner;
	if (events & EPOLLERR) {
		c->stdin_unsent = 0;
		c->stdin_ending = true;
	}
	flush_stdin(c);
}

int conmon_stdio_prepare(struct conmon *c, struct error *err)
{
	c->in = (struct source){.fd = -1, .ready = in_ready, .owner = c};
	c->out = (struct source){.fd = -1, .ready = out_ready, .owner = c};
	c->err = (struct source){.fd = -1, .ready = out_ready, .owner = c};
	const struct conmon_options *o = &c->options;
	if (o->passthrough)
		return 0;
	/* With a terminal stderr is the runtime's: it says there why it failed. */
	if (child_pipe(&c->err.fd, &c->child[2], false) < 0 ||
	    (!o->terminal && child_pipe(&c->out.fd, &c->child[1], false) < 0) ||
	    (!o->terminal && o->open_stdin && child_pipe(&c->in.fd, &c->child[0], true) < 0))
		return error_errno(err, "internal", "make the container's pipes");
	return 0;
}

int conmon_stdio_begin(struct conmon *c, int terminal, struct error *err)
{
	for (int i = 0; i < 3; i++)
		if (c->child[i] > 2)
			close(steal_fd(&c->child[i]));
	if (c->options.passthrough)
		return 0;
	if (terminal >= 0) {
		c->out.fd = terminal;
		if (fcntl(terminal, F_SETFL, O_NONBLOCK) < 0)
			return error_errno(err, "internal", "prepare the terminal");
	}
	if (loop_add(&c->loop, &c->out, c->out.fd, EPOLLIN) < 0 || loop_add(&c->loop, &c->err, c->err.fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "watch the container's output");
	return 0;
}

void conmon_stdio_update(struct conmon *c)
{
	uint32_t read_events = conmon_attach_behind(c) && !c->init_ended ? 0 : EPOLLIN;
	uint32_t write_events = c->stdin_unsent > 0 ? EPOLLOUT : 0;
	loop_change(&c->loop, &c->out, read_events | (c->options.terminal ? write_events : 0));
	loop_change(&c->loop, &c->err, read_events);
	loop_change(&c->loop, &c->in, write_events);
}

bool conmon_stdin_full(const struct conmon *c)
{
	return c->stdin_unsent > 0;
}

void conmon_stdin_write(struct conmon *c, const char *data, size_t length)
{
	int fd = c->options.terminal ? c->out.fd : c->in.fd;
	if (fd < 0 || c->stdin_ending || length > sizeof c->stdin_data)
		return;
	memcpy(c->stdin_data, data, length);
	c->stdin_unsent = length;
	c->stdin_sent = 0;
	flush_stdin(c);
}

void conmon_stdin_end(struct conmon *c)
{
	if (c->options.terminal || c->options.leave_stdin_open || c->in.fd < 0)
		return;
	c->stdin_ending = true;
	flush_stdin(c);
}

void conmon_stdio_drain(struct conmon *c)
{
	struct source *const sources[] = {&c->out, &c->err};
	for (size_t i = 0; i < 2; i++) {
		while (sources[i]->fd >= 0 && read_stream(c, sources[i]) > 0)
			;
		loop_close(&c->loop, sources[i]);
	}
	loop_close(&c->loop, &c->in);
}

void conmon_stdio_resize(struct conmon *c, unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	if (c->options.terminal && c->out.fd >= 0)
		ioctl(c->out.fd, TIOCSWINSZ, &size);
}
