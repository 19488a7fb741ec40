/*
 * Tries every system call with arguments that can do nothing, each in a process of its own, and prints how it was
 * answered: `NUMBER ANSWER`, the answer being the name of the error, `done`, `waits` or `signal N`.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST 470
#define PATIENCE_US 200000
#define WAITS (-1)

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static const char *answer_of(long number, int out)
{
	static char text[32];
	int pipe_fds[2], status, error = -1;
	if (pipe(pipe_fds) < 0)
		return "no pipe";
	pid_t child = fork();
	if (child == 0) {
		/* What waits gives up when it is interrupted, and sync(2), which takes as long as the disk, doesn't. */
		const struct timeval patience = {.tv_usec = PATIENCE_US};
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = interrupt}, NULL);
		/* Again and again: the first may come before the call. */
		setitimer(ITIMER_REAL, &(struct itimerval){patience, patience}, NULL);
		close(out);
		/* Not a valid descriptor, address, flag or process anywhere. */
		long result = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
		error = result >= 0 ? 0 : errno == EINTR && interrupted ? WAITS : errno;
		if (write(pipe_fds[1], &error, sizeof error) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipe_fds[1]);
	ssize_t n = read(pipe_fds[0], &error, sizeof error);
	close(pipe_fds[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (n == sizeof error)
		return error == WAITS ? "waits" : error ? strerrorname_np(error) : "done";
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
		return text;
	}
	return "done"; /* one that ends the process, or has not come back */
}

int main(void)
{
	signal(SIGCHLD, SIG_DFL);
	for (long number = 0; number <= LAST; number++) {
		printf("%ld %s\n", number, answer_of(number, STDOUT_FILENO));
		fflush(stdout);
	}
	return 0;
}
