#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"
#include "event.h"
#include "file.h"
#include "memory.h"
#include "privileges.h"
#include "relay_output.h"
#include "socket_path.h"
#include "terminal.h"

#define STDIN_READ 16384
#define OUTPUT_STEPS 32
#define EXIT_RELAY 125
#define EXIT_BROKEN_PIPE 141 /* 128 + SIGPIPE: what a shell sees of any writer whose reader has gone */

enum { FD_DATA, FD_CONTROL, FD_COMMANDS, FD_SIGNALS, FD_STDIN, FD_STDOUT, FD_COUNT };

struct relay {
	const struct relay_options *options;
	int data, control, signals;
	bool stdin_open, done, idle;
	int exit_code;
	struct detach_keys keys;
	struct relay_output output;
	unsigned char input[FRAME_HEADER + STDIN_READ + DETACH_KEYS_MAX];
	size_t input_length, input_sent;
	char commands[128];
	size_t commands_length;
	char answer[EVENT_MAX];
	size_t answer_length;
};

static void leave(struct relay *r, int exit_code)
{
	r->done = true;
	/* As a process can end: -1 is that of a container that took too long. */
	r->exit_code = exit_code & 0xff;
}

static void fail(struct relay *r, const char *message)
{
	struct error err;
	error_set(&err, "internal", "%s", message);
	terminal_restore();
	event_error(r->options->ready_fd, &err);
	if (r->options->ready_fd < 0)
		dprintf(STDERR_FILENO, "Error: %s\n", message);
	leave(r, EXIT_RELAY);
}

/* Requests are small, and their connection carries nothing else: it never fills up for long. */
static void request(struct relay *r, char type, const unsigned char *payload, size_t length)
{
	unsigned char frame[FRAME_HEADER + CONTROL_PAYLOAD_MAX];
	frame_header(frame, type, length);
	memcpy(frame + FRAME_HEADER, payload, length);
	if (r->control >= 0 && send(r->control, frame, FRAME_HEADER + length, MSG_NOSIGNAL) < 0 && errno == EPIPE)
		return; /* its end is seen by poll */
}

static void send_size(struct relay *r, unsigned rows, unsigned columns)
{
	unsigned char payload[4] = {(unsigned char)rows, (unsigned char)(rows >> 8), (unsigned char)columns,
				    (unsigned char)(columns >> 8)};
	request(r, 'R', payload, sizeof payload);
}

static void send_terminal_size(struct relay *r)
{
	struct winsize size;
	if (r->options->terminal && terminal_size(&size))
		send_size(r, size.ws_row, size.ws_col);
}

static void command(struct relay *r, const char *line)
{
	unsigned rows, columns, signal;
	if (sscanf(line, "signal %u", &signal) == 1) {
		unsigned char payload[4];
		put_u32(payload, signal);
		request(r, 'K', payload, sizeof payload);
	} else if (sscanf(line, "resize %u %u", &rows, &columns) == 2) {
		send_size(r, rows, columns);
	}
}

static void read_commands(struct relay *r)
{
	ssize_t n = read(r->options->control_fd, r->commands + r->commands_length,
			 sizeof r->commands - 1 - r->commands_length);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		/* The engine is gone; the container is not our business any more. */
		leave(r, EXIT_RELAY);
		return;
	}
	r->commands_length += (size_t)n;
	r->commands[r->commands_length] = '\0';
	char *line = r->commands, *end;
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		command(r, line);
		line = end + 1;
	}
	r->commands_length -= (size_t)(line - r->commands);
	memmove(r->commands, line, r->commands_length);
	if (r->commands_length == sizeof r->commands - 1)
		r->commands_length = 0;
}

static void take_terminal(const struct relay *r)
{
	if (!r->options->terminal || r->data < 0)
		return;
	if (r->options->attach & CLIENT_STDIN)
		terminal_raw();
	else if (r->options->attach & CLIENT_STDOUT)
		terminal_raw_output();
}

static void read_signal(struct relay *r)
{
	struct signalfd_siginfo info;
	if (read(r->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGTERM) {
		leave(r, 128 + SIGTERM);
		return;
	}
	/* SIGWINCH, or SIGCONT: perhaps we are in the foreground now. */
	take_terminal(r);
	if (r->options->attach & CLIENT_STDIN)
		r->stdin_open = true;
	send_terminal_size(r);
}

static void flush_input(struct relay *r)
{
	while (r->input_sent < r->input_length) {
		ssize_t n = send(r->data, r->input + r->input_sent, r->input_length - r->input_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break; /* the monitor is gone or ending: the other direction tells which */
		r->input_sent += (size_t)n;
	}
	r->input_sent = r->input_length = 0;
}

static void queue_input(struct relay *r, char type, size_t length)
{
	frame_header(r->input, type, length);
	r->input_length = FRAME_HEADER + length;
	r->input_sent = 0;
	flush_input(r);
}

static void read_stdin(struct relay *r)
{
	unsigned char typed[STDIN_READ];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		r->stdin_open = false;
		/* EIO from a terminal: we are in its background. It goes on when we come to the foreground. */
		if (n == 0 || errno != EIO)
			queue_input(r, 'C', 0);
		return;
	}
	size_t length = (size_t)n;
	unsigned char *payload = r->input + FRAME_HEADER;
	/* Without a terminal every byte is data. */
	if (!r->options->terminal) {
		memcpy(payload, typed, length);
	} else if (detach_keys_filter(&r->keys, typed, length, payload, &length)) {
		terminal_restore();
		event_detached(r->options->ready_fd);
		leave(r, 0);
	}
	if (length > 0)
		queue_input(r, 'I', length);
}

static void handle_exit(struct relay *r, const char *text, size_t length)
{
	json_t *event = json_loadb(text, length, 0, NULL);
	struct ending ending = {.exit_code = EXIT_RELAY};
	int oom_killed = 0;
	json_unpack(event, "{s:i s?i s?b}", "exitCode", &ending.exit_code, "signal", &ending.signal, "oomKilled", &oom_killed);
	ending.oom_killed = oom_killed;
	terminal_restore();
	/* An error has been told by the monitor itself. */
	if (!json_object_get(event, "code"))
		event_ending(r->options->ready_fd, &ending);
	else if (r->options->ready_fd < 0)
		dprintf(STDERR_FILENO, "Error: %s\n", json_string_value(json_object_get(event, "message")));
	json_decref(event);
	leave(r, ending.exit_code);
}

/* The answer to a start, implied or asked for. */
static void handle_answer(struct relay *r, const char *text, size_t length)
{
	json_t *answer = json_loadb(text, length, 0, NULL);
	bool ok = json_is_true(json_object_get(answer, "ok"));
	json_decref(answer);
	/* A failure is followed by X, which has the exit code. */
	if (!r->options->attached && ok)
		leave(r, 0);
}

static void read_control(struct relay *r)
{
	ssize_t n = recv(r->control, r->answer + r->answer_length, sizeof r->answer - r->answer_length, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(steal_fd(&r->control));
		if (!r->options->attached)
			fail(r, "the container's monitor ended unexpectedly");
		return;
	}
	r->answer_length += (size_t)n;
	while (r->answer_length >= FRAME_HEADER && !r->done) {
		size_t length = get_u32((unsigned char *)r->answer + 1), size = FRAME_HEADER + length;
		if (size > sizeof r->answer) {
			fail(r, "the container's monitor sent what was not to be expected");
			return;
		}
		if (r->answer_length < size)
			return;
		if (r->answer[0] == 'A')
			handle_answer(r, r->answer + FRAME_HEADER, length);
		else if (r->answer[0] == 'X' && !r->options->attached)
			handle_exit(r, r->answer + FRAME_HEADER, length);
		r->answer_length -= size;
		memmove(r->answer, r->answer + size, r->answer_length);
	}
}

static void handle_output(struct relay *r, enum output_event event)
{
	switch (event) {
	case OUTPUT_MORE:
	case OUTPUT_NOTHING:
		break;
	case OUTPUT_EXIT:
		handle_exit(r, r->output.text, r->output.text_length);
		break;
	case OUTPUT_BROKEN:
		/* As with Podman, the container goes on; there is nobody left to tell its end to. */
		terminal_restore();
		event_detached(r->options->ready_fd);
		leave(r, EXIT_BROKEN_PIPE);
		break;
	case OUTPUT_FAILED: {
		int why = errno;
		terminal_restore();
		event_output_failed(r->options->ready_fd, relay_output_stream(&r->output), why);
		leave(r, EXIT_RELAY);
		break;
	}
	case OUTPUT_CLOSED:
		fail(r, "the container's monitor ended unexpectedly");
		break;
	}
}

/* Frames that are there are carried at once, some at a time: signals and stdin have their turn too. */
static void carry_output(struct relay *r, bool writable)
{
	for (int i = 0; i < OUTPUT_STEPS && !r->done; i++) {
		enum output_event event;
		if (relay_output_waits(&r->output) < 0)
			event = relay_output_read(&r->output, r->data);
		else if (writable || relay_output_may_try(&r->output))
			event = relay_output_write(&r->output);
		else
			break;
		writable = false;
		handle_output(r, event);
		if (event == OUTPUT_NOTHING)
			break;
	}
}

static void step(struct relay *r)
{
	bool input_queued = r->input_sent < r->input_length;
	int out = relay_output_waits(&r->output);
	struct pollfd fds[FD_COUNT] = {
		[FD_DATA] = {r->data, (short)((out < 0 ? POLLIN : 0) | (input_queued ? POLLOUT : 0)), 0},
		[FD_CONTROL] = {r->control, POLLIN, 0},
		[FD_COMMANDS] = {r->options->control_fd, POLLIN, 0},
		[FD_SIGNALS] = {r->signals, POLLIN, 0},
		[FD_STDIN] = {r->stdin_open && !input_queued ? STDIN_FILENO : -1, POLLIN, 0},
		[FD_STDOUT] = {out, POLLOUT, 0},
	};
	/* A monitor that has ended leaves POLLHUP on while we can't write: only what we can act on is asked for. */
	if (fds[FD_DATA].events == 0)
		fds[FD_DATA].fd = -1;
	int n = poll(fds, FD_COUNT, r->idle ? -1 : MEMORY_IDLE_MS);
	if (n == 0)
		memory_give_back();
	r->idle = n == 0;
	if (n <= 0)
		return;
	if (fds[FD_SIGNALS].revents)
		read_signal(r);
	if (!r->done && fds[FD_COMMANDS].revents)
		read_commands(r);
	if (!r->done && (fds[FD_DATA].revents & POLLOUT))
		flush_input(r);
	if (!r->done && (fds[FD_STDOUT].revents || (out < 0 && (fds[FD_DATA].revents & (POLLIN | POLLHUP | POLLERR)))))
		carry_output(r, fds[FD_STDOUT].revents);
	if (!r->done && fds[FD_CONTROL].revents)
		read_control(r);
	if (!r->done && fds[FD_STDIN].revents)
		read_stdin(r);
}

/*
 * What a terminal sends to its foreground, or timeout(1) or systemd to a whole group, is for the engine: it passes it on by
 * the control descriptor, or ends of it and closes that. Without an engine SIGTERM ends us.
 */
static int watch_signals(bool engine)
{
	static const int ignored[] = {SIGINT,  SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGHUP,
				      SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};
	sigset_t signals;
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&signals);
	if (engine)
		signal(SIGTERM, SIG_IGN);
	else
		sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGWINCH);
	sigaddset(&signals, SIGCONT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int relay_run(const struct relay_options *options, int data, int control)
{
	static struct relay relay;
	struct relay *r = &relay;
	struct error err;
	*r = (struct relay){.options = options, .data = data, .control = control, .keys = options->keys};
	relay_output_init(&r->output);
	r->stdin_open = (options->attach & CLIENT_STDIN) && data >= 0;
	r->signals = watch_signals(options->control_fd >= 0);
	if (r->signals < 0)
		fail(r, "can't watch signals");
	take_terminal(r);
	if (data >= 0)
		send_terminal_size(r);
	if (privileges_of_relay(&err) < 0)
		fail(r, err.message);
	while (!r->done)
		step(r);
	terminal_restore();
	return r->exit_code;
}

static int connect_monitor(const char *path, unsigned flags, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("./");
	auto_close int parent = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char hello[FRAME_HEADER + 1];
	frame_header(hello, 'H', 1);
	hello[FRAME_HEADER] = (unsigned char)flags;
	if (parent < 0 || fd < 0 || socket_connect_at(fd, parent, slash ? slash + 1 : path) < 0 ||
	    send(fd, hello, sizeof hello, MSG_NOSIGNAL) < 0) {
		bool gone = errno == ENOENT || errno == ECONNREFUSED || errno == EPIPE || errno == ECONNRESET;
		return error_errno(err, gone ? "container-not-running" : "internal", "connect to the monitor at %s", path);
	}
	return steal_fd(&fd);
}

int relay_attach(struct relay_options *options, const char *socket_path, bool start)
{
	struct error err;
	unsigned char description[FRAME_HEADER + 1];
	auto_close int data = connect_monitor(socket_path, options->attach | CLIENT_DESCRIBE, &err);
	auto_close int control = data < 0 ? -1 : connect_monitor(socket_path, 0, &err);
	if (control < 0) {
		event_error(options->ready_fd, &err);
		if (options->ready_fd < 0)
			dprintf(STDERR_FILENO, "Error: %s\n", err.message);
		return EXIT_RELAY;
	}
	/* The description is the first that the monitor sends. */
	if (read_full(data, description, sizeof description) == sizeof description && description[0] == 'H')
		options->terminal = description[FRAME_HEADER] & 1;
	if (start) {
		unsigned char frame[FRAME_HEADER];
		frame_header(frame, 'G', 0);
		if (send(control, frame, sizeof frame, MSG_NOSIGNAL) < 0)
			return EXIT_RELAY;
	}
	return relay_run(options, data, control);
}
