#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptors.h"
#include "common/file.h"
#include "conmon.h"

static int write_pid(const char *path, pid_t pid)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d", (int)pid);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 || write_full(fd, text, (size_t)length) < 0 ? -1 : 0;
}

static void reap(struct conmon *c)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != c->init)
			continue;
		c->init_ended = true;
		c->init_status = status;
	}
}

static void signal_ready(struct source *source, uint32_t events)
{
	struct conmon *c = source->owner;
	struct signalfd_siginfo info;
	(void)events;
	if (read(source->fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(c);
	else
		kill(c->init, (int)info.ssi_signo);
}

static void expired(void *owner, enum timer timer)
{
	struct conmon *c = owner;
	if (timer != TIMER_TIMEOUT || c->init_ended)
		return;
	c->timed_out = true;
	/* What a session's process has started is in its group; the container's goes with its first process. */
	pid_t group = getpgid(c->init);
	kill(group > 1 && group != getpgrp() ? -group : c->init, SIGKILL);
}

static int watch_signals(struct conmon *c, struct error *err)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGQUIT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	c->signals = (struct source){.fd = -1, .ready = signal_ready, .owner = c};
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || loop_add(&c->loop, &c->signals, fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "watch signals");
	return 0;
}

/* Its own session, and nothing of the caller's stdio but where the container has it. */
static int leave_caller(struct conmon *c, struct error *err)
{
	setsid();
	for (int i = 0; c->options.passthrough && i < 3; i++)
		c->child[i] = fcntl(i, F_DUPFD_CLOEXEC, 3 + (int)c->options.preserve_fds);
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		if (null < 0 || dup2(null, i) < 0)
			return error_errno(err, "internal", "open /dev/null");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_errno(err, "internal", "become a subreaper");
	return 0;
}

/* Without a journal nothing is logged: conmon runs containers all the same. */
static int open_logs(struct conmon *c, struct error *err)
{
	if (log_open(&c->log, &c->options.log, err) < 0)
		return error_prefix(err, "Failed to open log file");
	return log_open(&c->journal, &c->options.journal, err) < 0 && strcmp(err->code, "no-journal") != 0 ? -1 : 0;
}

static int prepare(struct conmon *c, struct error *err)
{
	c->loop.owner = c;
	c->loop.expired = expired;
	conmon_shield(true);
	if (leave_caller(c, err) < 0 || loop_open(&c->loop, err) < 0 || watch_signals(c, err) < 0 ||
	    conmon_stdio_prepare(c, err) < 0 || conmon_notify_open(c, err) < 0 || conmon_control_open(c, err) < 0)
		return -1;
	return conmon_attach_listen(c, err);
}

/* Podman attaches to an exec session before it lets the process run. */
static int await_attached(struct conmon *c, struct error *err)
{
	if (!c->options.exec_attach)
		return 0;
	conmon_tell(c, c->attach_fd, 0, NULL);
	if (c->attach_fd >= 0)
		close(steal_fd(&c->attach_fd));
	return conmon_await_start(c) < 0 ? error_set(err, "internal", "the engine ended before the start") : 0;
}

static int not_started(struct conmon *c, const struct error *err)
{
	conmon_tell(c, c->sync_fd, c->options.exec && c->options.api_version > 0 ? -err->exit_code : -1, err->message);
	conmon_attach_end(c);
	return 1;
}

/* The exit code for a caller that waits (--sync). */
static int supervise(struct conmon *c)
{
	struct error err = {.exit_code = 1};
	if (prepare(c, &err) < 0 || await_attached(c, &err) < 0)
		return not_started(c, &err);
	if (conmon_create(c, &err) < 0) {
		not_started(c, &err);
		conmon_run_exit_command(c);
		return 1;
	}
	conmon_watch_oom(c);
	/* Engines that don't know of versions read one number only of an exec session: its exit code. */
	if (c->options.api_version > 0 || !c->options.exec)
		conmon_tell(c, c->sync_fd, c->init, NULL);
	if (!c->options.exec && c->sync_fd >= 0)
		close(steal_fd(&c->sync_fd));
	conmon_attach_begin(c);
	if (c->options.timeout > 0)
		loop_set_timer(&c->loop, TIMER_TIMEOUT, c->options.timeout * 1000LL);
	reap(c);
	while (!c->init_ended)
		loop_step(&c->loop);
	/* Who attached before the start, and hasn't had his turn yet, gets the output all the same. */
	conmon_attach_accept(c);
	conmon_stdio_drain(c);
	/* Before anybody is told of the end: who looks then shall find all of it. */
	log_close(&c->log);
	log_close(&c->journal);
	conmon_notify_close(c);
	conmon_close_inherited();
	if (conmon_write_exit(c, &err) < 0)
		conmon_tell(c, c->sync_fd, -1, err.message);
	else if (c->options.exec)
		conmon_tell(c, c->sync_fd, conmon_exit_code(c), c->timed_out ? "command timed out" : NULL);
	conmon_attach_end(c);
	conmon_run_exit_command(c);
	return conmon_exit_code(c);
}

static int fail(const struct conmon *c, const struct error *err)
{
	conmon_tell(c, c->sync_fd, -1, err->message);
	fprintf(stderr, "conmon: %s\n", err->message);
	return 1;
}

int conmon_main(int argc, char **argv)
{
	static struct conmon conmon;
	struct conmon *c = &conmon;
	struct error err = {.exit_code = 1};
	c->child[0] = c->child[1] = c->child[2] = c->oom_events = c->listener.fd = -1;
	descriptors_fill_standard();
	int rc = conmon_parse(&c->options, argc, argv, &err);
	if (rc > 0)
		return 0;
	c->sync_fd = conmon_pipe("_OCI_SYNCPIPE");
	c->start_fd = conmon_pipe("_OCI_STARTPIPE");
	c->attach_fd = conmon_pipe("_OCI_ATTACHPIPE");
	if (rc < 0)
		return fail(c, &err);
	conmon_note_inherited(c);
	umask(022);
	if (open_logs(c, &err) < 0)
		return fail(c, &err);
	/* The engine moves us into a cgroup first, which our children shall inherit. */
	if (conmon_await_start(c) < 0) {
		error_set(&err, "internal", "the engine ended before the start");
		return fail(c, &err);
	}
	c->bundle = open(c->options.bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->bundle < 0) {
		error_errno(&err, "internal", "open the bundle %s", c->options.bundle);
		return fail(c, &err);
	}
	pid_t pid = c->options.sync ? 0 : fork();
	if (pid < 0) {
		error_errno(&err, "internal", "fork");
		return fail(c, &err);
	}
	if (pid == 0)
		return supervise(c);
	if (c->options.conmon_pid_file && write_pid(c->options.conmon_pid_file, pid) < 0) {
		error_errno(&err, "internal", "write %s", c->options.conmon_pid_file);
		kill(pid, SIGKILL);
		return fail(c, &err);
	}
	return 0;
}
