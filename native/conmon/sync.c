#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "conmon.h"
#include "monitor/text.h"

int conmon_pipe(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	if (!text || !*text)
		return -1;
	long fd = strtol(text, &end, 10);
	bool open = !*end && fd > 2 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0;
	unsetenv(variable);
	return open ? (int)fd : -1;
}

void conmon_tell(const struct conmon *c, int fd, int data, const char *message)
{
	char buffer[2 * ERROR_MESSAGE_MAX];
	struct text text = TEXT(buffer);
	if (fd < 0)
		return;
	const char *key = c->options.api_version > 0 ? "data" : c->options.exec ? "exit_code" : "pid";
	text_add(&text, "{\"%s\": %d", key, data);
	if (message) {
		text_add(&text, ", \"message\": ");
		text_add_string(&text, message);
	}
	text_add(&text, "}\n");
	/* The engine may be gone, or have read all that it wanted. */
	if (write_full(fd, text.data, text.length) < 0)
		return;
}

int conmon_await_start(struct conmon *c)
{
	char data[64];
	ssize_t n;
	if (c->start_fd < 0)
		return 0;
	do
		n = read(c->start_fd, data, sizeof data);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -1;
}
