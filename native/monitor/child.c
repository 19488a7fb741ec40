#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "signals.h"

void child_place_fd(int fd, int target)
{
	if (fd == target)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, target);
}

int child_pipe(int *ours, int *theirs, bool we_write)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	*ours = fds[we_write ? 1 : 0];
	*theirs = fds[we_write ? 0 : 1];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

pid_t child_exec(const char *const *argv, const int stdio[3], unsigned preserve_fds)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	signals_reset();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int source[3];
	/* Out of the way first: one of them may be where another has to go. */
	for (int i = 0; i < 3; i++)
		source[i] = fcntl(stdio[i] >= 0 ? stdio[i] : null, F_DUPFD_CLOEXEC, 3 + (int)preserve_fds);
	for (int i = 0; i < 3; i++)
		child_place_fd(source[i], i);
	cloexec_from(3 + preserve_fds);
	execv(argv[0], (char *const *)argv);
	dprintf(2, "exec %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int child_wait(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

void child_read_text(int fd, char *text, size_t size)
{
	size_t length = 0;
	while (length < size - 1) {
		ssize_t n = read(fd, text + length, size - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		length--;
	text[length] = '\0';
}
