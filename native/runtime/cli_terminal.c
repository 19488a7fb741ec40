#include "cli_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli.h"
#include "file.h"
#include "terminal.h"

/* How long what was written last may take to come through the terminal once the process has ended. */
#define DRAIN_MS 200

struct relay {
	int terminal;
	bool open, input; /* whether there is more to come, from the terminal and from stdin */
	char typed[4096]; /* and not taken yet: the terminal never blocks us */
	size_t length;
};

static volatile sig_atomic_t resized;

int cli_terminal_offer(struct runtime_options *options, int *ours, int *theirs, struct error *err)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, "runtime-failed", "make a socket pair");
	*ours = pair[0];
	*theirs = pair[1];
	options->console_socket = pair[1];
	options->console_offered = true;
	return 0;
}

static void copy_size(int terminal)
{
	struct winsize size;
	if (terminal_size(&size))
		ioctl(terminal, TIOCSWINSZ, &size);
}

int cli_terminal_receive(int ours)
{
	struct pollfd sent = {.fd = ours, .events = POLLIN};
	if (poll(&sent, 1, 0) <= 0)
		return -1;
	int terminal = receive_fd(ours);
	if (terminal >= 0)
		copy_size(terminal);
	return terminal;
}

static void on_resize(int signal_number)
{
	(void)signal_number;
	resized = 1;
}

static void read_terminal(struct relay *relay)
{
	char data[16384];
	ssize_t n = read(relay->terminal, data, sizeof data);
	if (n > 0)
		relay->open = write_full(STDOUT_FILENO, data, (size_t)n) == n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		relay->open = false;
}

static void read_input(struct relay *relay)
{
	ssize_t n = read(STDIN_FILENO, relay->typed, sizeof relay->typed);
	if (n > 0)
		relay->length = (size_t)n;
	else if (n == 0 || errno != EINTR)
		relay->input = false;
}

static void write_typed(struct relay *relay)
{
	ssize_t n = write(relay->terminal, relay->typed, relay->length);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		relay->input = false;
	if (n <= 0)
		return;
	relay->length -= (size_t)n;
	memmove(relay->typed, relay->typed + n, relay->length);
}

/* Until the process has ended and nobody has the terminal open any more, or is silent. */
static void copy(struct relay *relay, int process)
{
	bool over = false;
	while (relay->open || !over) {
		struct pollfd fds[] = {
			{.fd = relay->open ? relay->terminal : -1,
			 .events = (short)(POLLIN | (relay->length ? POLLOUT : 0))},
			{.fd = relay->input && !relay->length && !over ? STDIN_FILENO : -1, .events = POLLIN},
			{.fd = over ? -1 : process, .events = POLLIN},
		};
		if (resized) {
			resized = 0;
			copy_size(relay->terminal);
		}
		int ready = poll(fds, 3, over ? DRAIN_MS : -1);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0 || (over && ready == 0))
			return;
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
			read_terminal(relay);
		if (fds[0].revents & POLLOUT)
			write_typed(relay);
		if (fds[1].revents)
			read_input(relay);
		over = over || fds[2].revents;
	}
}

int cli_terminal_wait(int terminal, int pid)
{
	if (terminal < 0)
		return cli_wait(pid);
	struct sigaction resize = {.sa_handler = on_resize};
	struct relay relay = {.terminal = terminal, .open = true, .input = true};
	auto_close int process = (int)syscall(SYS_pidfd_open, pid, 0);
	cli_forward_signals(pid);
	sigaction(SIGWINCH, &resize, NULL);
	terminal_raw();
	if (process >= 0 && fcntl(terminal, F_SETFL, O_RDWR | O_NONBLOCK) == 0)
		copy(&relay, process);
	terminal_restore();
	close(terminal);
	return cli_wait(pid);
}
