/*
 * From the end of init to that of the monitor: output is read to its end, the container deleted, helpers ended (or only
 * killed, where nobody could meet what is left of them), the rootfs unmounted, runDir removed; then, and only then, the
 * end is told.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "event_log.h"
#include "file.h"
#include "notify.h"
#include "rootfs.h"
#include "signals.h"
#include "supervisor.h"

/* Processes outside the container (pid namespace of the host) may keep its output open; they are not waited for. */
#define DRAIN_GRACE_MS 200
#define UNMOUNT_GRACE_MS 3000
/* As conmon has it, of a container that its --timeout has ended; of a process that ends with it a shell sees 255. */
#define EXIT_TIMED_OUT (-1)
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 60000
/* A run this long was no failure to start: the next one is quick again. */
#define BACKOFF_RESET_MS 10000

static void deleted(struct monitor *m, const struct operation_result *result)
{
	m->deleted = true;
	m->status.oom_killed = result->oom_killed || m->oom_seen;
	if (!container_io_drained(m))
		loop_set_timer(&m->loop, TIMER_DRAIN, DRAIN_GRACE_MS);
	end_advance(m);
}

void end_begin(struct monitor *m)
{
	m->phase = PHASE_ENDING;
	loop_cancel_timer(&m->loop, TIMER_STOP);
	loop_cancel_timer(&m->loop, TIMER_TIMEOUT);
	for (int i = 0; i < 2; i++) {
		if (m->start_socket[i] >= 0)
			close(steal_fd(&m->start_socket[i]));
	}
	network_end(m);
	health_end(m);
	oom_end(m);
	m->status.oom_killed = false;
	if (m->init == 0)
		container_io_close(m);
	else
		container_io_drain(m);
	/* Nothing has been made before the runtime was called; an exec session leaves nothing. */
	if (m->config->exec || m->run_dir < 0)
		deleted(m, &(struct operation_result){0});
	else
		operation_begin(m, operation_delete, deleted);
}

static void note_exit(struct monitor *m)
{
	struct status *status = &m->status;
	if (!m->init_ended)
		time_now(status->finished_at);
	memset(&status->init, 0, sizeof status->init);
	status->signal = 0;
	if (m->error.code[0]) {
		status->exit_code = m->error.exit_code;
		snprintf(status->error_code, sizeof status->error_code, "%s", m->error.code);
		snprintf(status->error_message, sizeof status->error_message, "%s", m->error.message);
	} else if (WIFSIGNALED(m->init_status)) {
		status->signal = WTERMSIG(m->init_status);
		status->exit_code = m->timed_out ? EXIT_TIMED_OUT : 128 + status->signal;
	} else {
		status->exit_code = WEXITSTATUS(m->init_status);
	}
	m->timed_out = false;
	if (m->started) {
		char members[64];
		snprintf(members, sizeof members, "\"ContainerExitCode\":%d,", status->exit_code);
		event_log(m, m->config->exec ? "exec_died" : "died", members);
	}
}

static bool shall_restart(const struct monitor *m)
{
	const struct config *config = m->config;
	if (m->error.code[0] || m->stop_wanted || m->status.stopped_by_user)
		return false;
	if (m->restart_wanted)
		return true;
	if (config->restart == RESTART_ON_FAILURE)
		return m->status.exit_code != 0 && (config->restart_max == 0 || m->status.restart_count < config->restart_max);
	return config->restart == RESTART_ALWAYS;
}

static struct ending ending_of(const struct monitor *m)
{
	return (struct ending){.exit_code = m->status.exit_code,
			       .signal = m->status.signal,
			       .oom_killed = m->status.oom_killed,
			       .error = m->error.code[0] ? &m->error : NULL};
}

static void back_off(struct monitor *m)
{
	bool long_run = loop_now() - m->running_since >= BACKOFF_RESET_MS;
	m->backoff_ms = m->backoff_ms == 0 || long_run ? BACKOFF_FIRST_MS : m->backoff_ms * 2;
	if (m->backoff_ms > BACKOFF_MAX_MS)
		m->backoff_ms = BACKOFF_MAX_MS;
	if (m->restart_wanted)
		m->backoff_ms = 0;
	m->status.restart_count++;
	m->phase = PHASE_BACKOFF;
	loop_set_timer(&m->loop, TIMER_RESTART, m->backoff_ms);
	supervisor_write_status(m);
	struct ending ending = ending_of(m);
	clients_tell_ending(m, &ending);
}

static void remove_run_directory(struct monitor *m)
{
	static const char *const names[] = {"attach", "console", "pid", "process.json", "health.json", "slirp.sock",
					     "pasta.pid"};
	if (m->run_dir < 0)
		return;
	loop_close(&m->loop, &m->listener);
	notify_close(m);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(m->run_dir, names[i], 0);
	close(steal_fd(&m->run_dir));
	/* An exec session's is the engine's own. Who cleans up removes it last: it leads others there, should he be killed. */
	if (!m->config->exec && !m->config->cleanup)
		rmdir(m->config->run_dir);
}

static void tell(struct monitor *m)
{
	struct ending ending = ending_of(m);
	m->phase = PHASE_ENDED;
	free((char *)m->status.socket);
	m->status.socket = NULL;
	supervisor_write_status(m);
	/* From here on the container may be started again, whatever our clients still have to read. */
	close(steal_fd(&m->lock));
	if (m->error.code[0] && m->ready_fd >= 0)
		event_error(m->ready_fd, &m->error);
	if (m->ready_fd >= 0)
		close(steal_fd(&m->ready_fd));
	if (m->relay && !client_connected(m->relay))
		client_close(m->relay);
	m->relay_told = m->relay != NULL;
	clients_tell_ending(m, &ending);
}

/* For good. fuse-overlayfs ends by itself when it is unmounted, having written everything. */
static void finish(struct monitor *m)
{
	struct error ignored;
	if (!m->unmounted) {
		for (size_t i = 0; i < m->config->overlay_count; i++)
			rootfs_unmount(&m->config->overlays[i], &ignored);
		rootfs_unmount(&m->config->rootfs, &ignored);
		m->unmounted = true;
		if (m->rootfs_helper > 0)
			loop_set_timer(&m->loop, TIMER_HELPER, UNMOUNT_GRACE_MS);
	}
	if (m->rootfs_helper > 0)
		return;
	loop_cancel_timer(&m->loop, TIMER_HELPER);
	log_close(&m->log);
	remove_run_directory(m);
	/* With --rm there is nothing to be kept, and its removal is told instead. */
	if (m->started && !m->config->exec && !m->config->cleanup)
		event_log(m, "cleanup", "");
	tell(m);
}

void end_advance(struct monitor *m)
{
	if (m->phase == PHASE_ENDED)
		return;
	if (m->phase == PHASE_BACKOFF) {
		/* Stopped between two runs. */
		loop_cancel_timer(&m->loop, TIMER_RESTART);
		m->phase = PHASE_ENDING;
		finish(m);
		return;
	}
	if (m->unmounted) {
		finish(m);
		return;
	}
	if (!m->deleted || !container_io_drained(m) || network_ending(m))
		return;
	loop_cancel_timer(&m->loop, TIMER_DRAIN);
	container_io_close(m);
	note_exit(m);
	if (shall_restart(m))
		back_off(m);
	else
		finish(m);
}

void end_timer_expired(struct monitor *m, enum timer timer)
{
	if (timer == TIMER_RESTART) {
		event_log(m, "restart", "");
		supervisor_run(m);
	} else if (timer == TIMER_DRAIN) {
		container_io_close(m);
		end_advance(m);
	} else if (timer == TIMER_HELPER && m->rootfs_helper > 0) {
		kill(m->rootfs_helper, SIGKILL);
	}
}

/* The engine we start lives in the namespace that the shared lock keeps, as every process in it. */
static void pass_alive_lock(struct monitor *m)
{
	char number[16];
	if (m->alive < 0 || !getenv("CORACLE_ALIVE_FD"))
		return;
	fcntl(m->alive, F_SETFD, 0);
	snprintf(number, sizeof number, "%d", m->alive);
	setenv("CORACLE_ALIVE_FD", number, 1);
}

pid_t end_cleanup(struct monitor *m)
{
	const struct config *config = m->config;
	if (!config->cleanup || (m->relay_told && m->launch->relay_cleans_up && !config->cleanup_always))
		return 0;
	auto_free const char **argv = config_argv(NULL, config->cleanup, 0);
	/* Not in our place: our exit status is the container's, and with us a service manager takes its service for ended. */
	pid_t pid = argv ? fork() : 0;
	if (!argv || pid != 0)
		return pid;
	pass_alive_lock(m);
	signals_reset();
	execv(argv[1], (char *const *)(argv + 1));
	_exit(127);
}
