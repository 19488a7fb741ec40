#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "user_namespace.h"

#define SWEEPS_MAX 200
#define SWEEP_INTERVAL_NS 5000000
/* A fifth of a second in all. */
#define LINGERS 5
#define LINGER_INTERVAL_NS 40000000

/* Kills the process when it is in the namespace or below it. Returns whether there was such a one. */
static bool kill_if_inside(pid_t pid, const struct stat *mine)
{
	struct process_identity identity;
	if (process_identify(pid, &identity) < 0)
		return false;
	/* The pidfd comes before the look at the namespace: if the pid changes hands between them, nobody is hit. */
	auto_close int pidfd = process_open(&identity);
	if (pidfd < 0 || !user_namespace_contains(mine, pid))
		return false;
	return syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
}

static bool sweep_once(const struct stat *mine)
{
	auto_closedir DIR *proc = opendir("/proc");
	bool found = false;
	for (pid_t pid; (pid = next_process(proc)) > 0;)
		if (pid != getpid() && kill_if_inside(pid, mine))
			found = true;
	return found;
}

/* Until nobody is found: processes may fork while we look. */
static void sweep(void)
{
	struct stat mine;
	if (stat("/proc/self/ns/user", &mine) < 0)
		return;
	for (int i = 0; i < SWEEPS_MAX && sweep_once(&mine); i++)
		nanosleep(&(struct timespec){.tv_nsec = SWEEP_INTERVAL_NS}, NULL);
}

/* The holder outlives the command that made it: what stood on its command line (-e SECRET=…) must not stay in /proc. */
static void forget_command_line(int argc, char **argv)
{
	char *end = argv[0];
	for (int i = 0; i < argc && argv[i] == end; i++)
		end += strlen(end) + 1;
	for (char **e = environ; *e == end; e++)
		end += strlen(end) + 1;
	size_t room = (size_t)(end - argv[0]);
	memset(argv[0], 0, room);
	snprintf(argv[0], room, "coracle-holder");
}

/* Waits for the exclusive lock on `alive`: until nobody is inside. */
static void wait_until_empty(int alive)
{
	while (flock(alive, LOCK_EX) < 0)
		if (errno != EINTR)
			_exit(1);
}

/*
 * The next command of a script comes at once, and to make the namespace anew costs it as long as a container takes to
 * start. Returns with the exclusive lock and true when none has come, or false.
 */
static bool linger(int alive)
{
	for (int i = 0; i < LINGERS; i++) {
		flock(alive, LOCK_UN);
		nanosleep(&(struct timespec){.tv_nsec = LINGER_INTERVAL_NS}, NULL);
		if (flock(alive, LOCK_EX | LOCK_NB) < 0)
			return false;
	}
	return true;
}

/* The locks are taken on open file descriptions of our own: those inherited from the launcher are its locks. */
static void hold(const struct run_directory *run)
{
	int alive = openat(run->fd, "alive", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int directory = openat(run->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (alive < 0 || directory < 0 || dup2(alive, 0) < 0 || dup2(directory, 1) < 0)
		_exit(1);
	syscall(SYS_close_range, 2, ~0U, 0);
	/* systemd-tmpfiles leaves a directory alone that somebody has locked. */
	flock(1, LOCK_SH);
	do {
		wait_until_empty(0);
		sweep();
	} while (!linger(0));
	/* An empty record says that this one ended in order. */
	auto_close int record = openat(1, "holder", O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	_exit(0);
}

static void holder_main(const struct holder_setup *setup)
{
	/* Joining a namespace makes undumpable, and that would close our /proc/PID/ns to the commands that want to join. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "coracle-holder", 0, 0, 0);
	setsid();
	if (chdir("/") < 0)
		_exit(1);
	forget_command_line(setup->argc, setup->argv);
	hold(setup->run);
}

struct answer {
	pid_t pid;
	int errnum;
};

/* A process between launcher and holder, so that the holder is nobody's child whom the engine would have to wait for. */
static void start_detached(const struct holder_setup *setup, int report)
{
	struct answer answer = {.pid = -1};
	/* The namespace keeps the limit of who makes it, for all that comes into it later. */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NPROC, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NPROC, &limit);
	}
	if (setup->survivor < 0)
		answer.pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	else if (setns(setup->survivor, CLONE_NEWUSER) == 0)
		answer.pid = fork();
	if (answer.pid == 0)
		holder_main(setup);
	if (answer.pid < 0)
		answer.errnum = errno;
	_exit(write_full(report, &answer, sizeof answer) < 0);
}

int holder_start(const struct holder_setup *setup, pid_t *pid)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t middle = fork();
	if (middle == 0)
		start_detached(setup, ends[1]);
	close(ends[1]);
	auto_close int report = ends[0];
	if (middle < 0)
		return -1;
	struct answer answer = {.errnum = EPIPE};
	ssize_t n = read_full(report, &answer, sizeof answer);
	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof answer || answer.errnum != 0) {
		errno = answer.errnum != 0 ? answer.errnum : EPIPE;
		return -1;
	}
	*pid = answer.pid;
	return 0;
}
