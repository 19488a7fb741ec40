/*
 * coracle-init: what `--init` puts in the place of pid 1. Runs a command, passes signals on to it, reaps what is orphaned
 * in the container, and ends as the command did. Usage: coracle-init [--] COMMAND [ARGS…]
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char **argv, const sigset_t *mask)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	/* A session of its own makes it the terminal's foreground group; without a terminal the ioctl just fails. */
	setsid();
	ioctl(STDIN_FILENO, TIOCSCTTY, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "coracle-init: cannot execute %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reaps everything; true once the command itself has ended. */
static int reap(pid_t command, int *status)
{
	int ended = 0;
	for (;;) {
		int one;
		pid_t pid = waitpid(-1, &one, WNOHANG);
		if (pid <= 0)
			return ended;
		if (pid == command) {
			*status = one;
			ended = 1;
		}
	}
}

int main(int argc, char **argv)
{
	char **command = argv + 1;
	if (argc > 1 && strcmp(argv[1], "--") == 0)
		command++;
	if (argc < 2 || !*command) {
		fputs("usage: coracle-init [--] COMMAND [ARGS...]\n", stderr);
		return 125;
	}
	sigset_t all, before;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	/* The command takes the terminal over from us. */
	ioctl(STDIN_FILENO, TIOCNOTTY);
	pid_t pid = start(command, &before);
	if (pid < 0) {
		perror("coracle-init: fork");
		return 125;
	}
	int status = 0;
	while (!reap(pid, &status)) {
		int signal;
		if (sigwait(&all, &signal) == 0 && signal != SIGCHLD)
			kill(pid, signal);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
