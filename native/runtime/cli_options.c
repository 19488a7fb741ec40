#include "cli_options.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

int cli_parse_number(const char *text, unsigned max, unsigned *value, const char *what, struct error *err)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || number > max)
		return error_set(err, "usage", "%s: `%s` is not a number up to %u", what, text, max);
	*value = (unsigned)number;
	return 0;
}

int cli_connect(const char *path, const char *option, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return error_set(err, "usage", "%s: the path is too long", option);
	strcpy(address.sun_path, path);
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return error_errno(err, "runtime-failed", "%s: connect to %s", option, path);
	return steal_fd(&fd);
}

int cli_send_pidfd(const char *path, int pid, struct error *err)
{
	if (!path)
		return 0;
	auto_close int fd = cli_connect(path, "--pidfd-socket", err);
	if (fd < 0)
		return -1;
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || send_fd(fd, pidfd) < 0)
		return error_errno(err, "runtime-failed", "--pidfd-socket: send the descriptor of process %d", pid);
	return 0;
}

int cli_preserve_fds(const char *text, unsigned *count, struct error *err)
{
	if (cli_parse_number(text, 1 << 16, count, "--preserve-fds", err) < 0)
		return -1;
	for (unsigned i = 0; i < *count; i++)
		if (fcntl(3 + (int)i, F_GETFD) < 0)
			return error_errno(err, "usage", "--preserve-fds: descriptor %u", 3 + i);
	return 0;
}

int cli_listen_fds(struct runtime_options *options, struct error *err)
{
	const char *text = getenv("LISTEN_FDS");
	unsigned count = 0;
	if (!text || !*text)
		return 0;
	if (cli_parse_number(text, 1 << 16, &count, "LISTEN_FDS", err) < 0)
		return -1;
	options->listen_fds = count;
	options->preserve_fds += count;
	return 0;
}

int cli_parse_signal(const char *text, struct error *err)
{
	unsigned number;
	if (isdigit((unsigned char)*text))
		return cli_parse_number(text, NSIG - 1, &number, "signal", err) < 0 ? -1 : (int)number;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcasecmp(known, name) == 0)
			return i;
	}
	if (strncasecmp(name, "RTMIN", 5) == 0) {
		if (name[5] == '\0')
			return SIGRTMIN;
		unsigned most = (unsigned)(SIGRTMAX - SIGRTMIN);
		if (name[5] == '+' && cli_parse_number(name + 6, most, &number, "signal", err) == 0)
			return SIGRTMIN + (int)number;
	}
	return error_set(err, "usage", "unknown signal `%s`", text);
}
