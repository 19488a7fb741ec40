#include "container_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "file.h"
#include "supervisor.h"

#define READ_SIZE 65536 /* all that a pipe holds */
/* What may pile up for a client that is behind when the container has ended: some pipes full. */
#define DRAIN_MAX (2U << 20)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(steal_fd(fd));
}

static void close_child_ends(struct container_io *io)
{
	for (int i = 0; i < 3; i++) {
		if (io->child[i] != io->caller[i])
			close_fd(&io->child[i]);
		io->child[i] = -1;
	}
	close_fd(&io->console[1]);
}

/* Returns the bytes handed on, 0 at the end of the stream, -1 when there is nothing now. */
static ssize_t read_stream(struct monitor *m, struct source *source, enum stream stream)
{
	static char data[READ_SIZE];
	ssize_t n = read(source->fd, data, sizeof data);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (n <= 0) /* EIO: nobody has the terminal open any more */
		return 0;
	log_write(&m->log, stream, data, (size_t)n);
	clients_output(m, stream == STREAM_STDERR ? 'E' : 'O', data, (size_t)n);
	return n;
}

static void end_of_stream(struct monitor *m, struct source *source)
{
	struct container_io *io = &m->io;
	if (source == &io->err)
		io->err_open = false;
	else
		io->out_open = false;
	/* A terminal stays: closing the master would hang up whoever opens it again. */
	if (source == &io->out && m->config->terminal)
		container_io_update(m);
	else
		loop_close(&m->loop, source);
	supervisor_advance(m);
}

static void flush_stdin(struct monitor *m)
{
	struct container_io *io = &m->io;
	int fd = m->config->terminal ? io->out.fd : io->in.fd;
	while (io->pending_sent < io->pending_length) {
		ssize_t n = write(fd, io->pending + io->pending_sent, io->pending_length - io->pending_sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) { /* the container has closed it */
			io->pending_sent = io->pending_length;
			io->stdin_ending = true;
			break;
		}
		io->pending_sent += (size_t)n;
	}
	if (io->pending_sent == io->pending_length) {
		io->pending_sent = io->pending_length = 0;
		if (io->stdin_ending) {
			io->stdin_open = false;
			loop_close(&m->loop, &io->in);
		}
	}
	container_io_update(m);
}

static void out_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	if (events & EPOLLOUT) {
		flush_stdin(m);
		clients_resume_stdin(m);
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && m->io.out_open && read_stream(m, source, STREAM_STDOUT) == 0)
		end_of_stream(m, source);
	else
		container_io_update(m);
}

static void err_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	(void)events;
	if (read_stream(m, source, STREAM_STDERR) == 0)
		end_of_stream(m, source);
	else
		container_io_update(m);
}

static void in_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	if (events & EPOLLERR) { /* no reader is left */
		m->io.pending_sent = m->io.pending_length;
		m->io.stdin_ending = true;
	}
	flush_stdin(m);
	clients_resume_stdin(m);
}

void container_io_init(struct monitor *m)
{
	struct container_io *io = &m->io;
	io->out = (struct source){.fd = -1, .ready = out_ready, .owner = m};
	io->err = (struct source){.fd = -1, .ready = err_ready, .owner = m};
	io->in = (struct source){.fd = -1, .ready = in_ready, .owner = m};
	for (int i = 0; i < 3; i++)
		io->child[i] = io->caller[i] = -1;
	io->console[0] = io->console[1] = -1;
	io->rows = m->launch->size.ws_row;
	io->columns = m->launch->size.ws_col;
}

int container_io_keep_caller(struct monitor *m)
{
	if (m->config->log != LOG_PASSTHROUGH || m->config->terminal)
		return 0;
	for (int i = 0; i < 3; i++) {
		m->io.caller[i] = fcntl(i, F_DUPFD_CLOEXEC, 3 + (int)m->config->preserve_fds);
		if (m->io.caller[i] < 0)
			return -1;
	}
	return 0;
}

static int prepare_pipes(struct monitor *m)
{
	struct container_io *io = &m->io;
	if (!m->config->open_stdin)
		io->child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else if (child_pipe(&io->in.fd, &io->child[0], true) < 0)
		return -1;
	if (io->child[0] < 0 || child_pipe(&io->out.fd, &io->child[1], false) < 0 ||
	    child_pipe(&io->err.fd, &io->child[2], false) < 0)
		return -1;
	return 0;
}

int container_io_prepare(struct monitor *m, struct error *err)
{
	struct container_io *io = &m->io;
	io->stdin_ending = io->stdin_open = io->out_open = io->err_open = false;
	if (m->config->log == LOG_PASSTHROUGH && !m->config->terminal) {
		memcpy(io->child, io->caller, sizeof io->child);
		return 0;
	}
	if (m->config->terminal) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, io->console) < 0)
			return error_errno(err, "internal", "make the console socket");
		return 0;
	}
	if (prepare_pipes(m) < 0)
		return error_errno(err, "internal", "make the container's pipes");
	return 0;
}

static int take_terminal(struct monitor *m, struct error *err)
{
	struct container_io *io = &m->io;
	io->out.fd = receive_fd(io->console[0]);
	close_fd(&io->console[0]);
	if (io->out.fd < 0 || fcntl(io->out.fd, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, "runtime-failed", "the runtime gave no terminal");
	if (io->rows > 0)
		container_io_resize(m, io->rows, io->columns);
	return 0;
}

/* What the container has of the caller's shall see its end when the container does. */
static void close_caller_fds(struct monitor *m)
{
	for (int i = 0; i < 3; i++)
		close_fd(&m->io.caller[i]);
	for (unsigned i = 0; i < m->config->preserve_fds; i++)
		close(3 + (int)i);
}

static int watch(struct monitor *m, struct source *source, uint32_t events)
{
	return source->fd < 0 ? 0 : loop_add(&m->loop, source, source->fd, events);
}

int container_io_created(struct monitor *m, struct error *err)
{
	struct container_io *io = &m->io;
	close_child_ends(io);
	if (m->config->restart == RESTART_NO)
		close_caller_fds(m);
	if (m->config->terminal && take_terminal(m, err) < 0)
		return -1;
	if (watch(m, &io->out, EPOLLIN) < 0 || watch(m, &io->err, EPOLLIN) < 0)
		return error_errno(err, "internal", "watch the container's output");
	io->out_open = io->out.fd >= 0;
	io->err_open = io->err.fd >= 0;
	io->stdin_open = m->config->open_stdin && (m->config->terminal || io->in.fd >= 0);
	/* Not in the epoll set until there is something to write. */
	io->in.events = 0;
	flush_stdin(m);
	clients_resume_stdin(m);
	return 0;
}

void container_io_update(struct monitor *m)
{
	struct container_io *io = &m->io;
	bool pending = io->pending_sent < io->pending_length;
	uint32_t read_events = EPOLLIN;
	if (m->init_ended ? clients_queued(m) > DRAIN_MAX : clients_behind(m))
		read_events = 0;
	if (m->loop.deadline[TIMER_OUTPUT] != 0)
		read_events = 0;
	if (io->out_open || (m->config->terminal && io->out.fd >= 0))
		loop_change(&m->loop, &io->out,
			    (io->out_open ? read_events : 0) | (m->config->terminal && pending ? EPOLLOUT : 0));
	if (io->err_open)
		loop_change(&m->loop, &io->err, read_events);
	if (io->in.fd >= 0 && io->stdin_open)
		loop_change(&m->loop, &io->in, pending ? EPOLLOUT : 0);
}

bool container_io_stdin_full(const struct monitor *m)
{
	return m->config->open_stdin && !m->init_ended && m->io.pending_length > 0;
}

/* Called only when nothing is pending, with no more than one piece. */
void container_io_stdin(struct monitor *m, const char *data, size_t length)
{
	struct container_io *io = &m->io;
	bool may_open = m->config->open_stdin && m->phase < PHASE_ENDING && !io->stdin_ending;
	if (!may_open || length > STDIN_PENDING_MAX)
		return;
	if (!io->pending)
		io->pending = malloc(STDIN_PENDING_MAX);
	if (!io->pending)
		return;
	memcpy(io->pending, data, length);
	io->pending_length = length;
	io->pending_sent = 0;
	if (io->stdin_open)
		flush_stdin(m);
}

/* With a terminal the end of a client's stdin is nothing to the container: another one may attach. */
void container_io_detach_stdin(struct monitor *m)
{
	struct container_io *io = &m->io;
	if (m->config->terminal || !m->config->stdin_once || !m->config->open_stdin)
		return;
	io->stdin_ending = true;
	if (io->stdin_open)
		flush_stdin(m);
}

void container_io_resize(struct monitor *m, unsigned rows, unsigned columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	m->io.rows = rows;
	m->io.columns = columns;
	if (m->config->terminal && m->io.out.fd >= 0)
		ioctl(m->io.out.fd, TIOCSWINSZ, &size);
}

static void drain_stream(struct monitor *m, struct source *source, enum stream stream, bool *open)
{
	ssize_t n = -1;
	while (*open && clients_queued(m) <= DRAIN_MAX && (n = read_stream(m, source, stream)) > 0)
		;
	if (*open && n == 0) {
		*open = false;
		loop_close(&m->loop, source);
	}
}

void container_io_drain(struct monitor *m)
{
	drain_stream(m, &m->io.out, STREAM_STDOUT, &m->io.out_open);
	drain_stream(m, &m->io.err, STREAM_STDERR, &m->io.err_open);
	container_io_update(m);
}

bool container_io_drained(const struct monitor *m)
{
	return !m->io.out_open && !m->io.err_open;
}

void container_io_close(struct monitor *m)
{
	struct container_io *io = &m->io;
	close_child_ends(io);
	close_fd(&io->console[0]);
	loop_close(&m->loop, &io->out);
	loop_close(&m->loop, &io->err);
	loop_close(&m->loop, &io->in);
	free(io->pending);
	io->pending = NULL;
	io->pending_length = io->pending_sent = 0;
	io->out_open = io->err_open = io->stdin_open = false;
}
