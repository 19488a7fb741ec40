#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "event_log.h"
#include "file.h"
#include "mtab.h"
#include "notify.h"
#include "privileges.h"
#include "rootfs.h"
#include "setup.h"
#include "users.h"
#include "workdir.h"

/*
 * Who has read something of a container is to find it running, so nothing is read until the runtime says that it is. A
 * hook of its that waits for the output gets it after this while.
 */
#define OUTPUT_GRACE_MS 500

static const char *phase_status(const struct monitor *m)
{
	switch (m->phase) {
	case PHASE_BACKOFF:
		return "restarting";
	case PHASE_ENDED:
		return "exited";
	case PHASE_RUNNING:
	case PHASE_ENDING:
		return m->stop_wanted ? "stopping" : m->paused ? "paused" : "running";
	default:
		return "created";
	}
}

void supervisor_write_status(struct monitor *m)
{
	m->status.status = phase_status(m);
	/* The lock on DIR tells liveness all the same. */
	if (status_write(m->launch->directory, &m->status) < 0)
		return;
}

static void answer_starters(struct monitor *m)
{
	for (struct client *client = m->clients.first; client; client = client->next) {
		if (client->awaits_start)
			client_answer(client, NULL);
		client->awaits_start = false;
	}
}

static void report(struct monitor *m, const char *event)
{
	event_process(m->ready_fd, event, m->init);
	if (m->ready_fd >= 0)
		close(steal_fd(&m->ready_fd));
	answer_starters(m);
}

void supervisor_fail(struct monitor *m, const struct error *err)
{
	if (m->phase >= PHASE_ENDING || m->error.code[0])
		return;
	m->error = *err;
	if (m->init > 0 && !m->init_ended)
		kill(m->init, SIGKILL); /* its end leads on */
	else
		end_begin(m);
}

static void log_start(struct monitor *m)
{
	if (m->config->exec) {
		event_log(m, "exec", "");
		return;
	}
	if (!m->init_logged)
		event_log(m, "init", "");
	m->init_logged = true;
	event_log(m, "start", "");
	if (m->launch->attach && m->status.restart_count == 0)
		event_log(m, "attach", "");
}

/* Whose process runs, an exec session starts nothing any more. */
static void confine_session(struct monitor *m)
{
	struct error err;
	if (!m->config->exec || m->config->cleanup)
		return;
	event_log_keep(m);
	if (privileges_of_session(&err) < 0)
		supervisor_fail(m, &err);
}

/* Of the first start the engine writes it, which has made sure that it can. */
static void write_pid_file(struct monitor *m)
{
	if (!m->config->pid_file || m->status.restart_count == 0)
		return;
	auto_close int fd = open(m->config->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0)
		dprintf(fd, "%d", m->status.init.pid);
}

static void running(struct monitor *m)
{
	m->phase = PHASE_RUNNING;
	m->started = true;
	m->running_since = loop_now();
	log_start(m);
	time_now(m->status.started_at);
	write_pid_file(m);
	supervisor_write_status(m);
	health_begin(m);
	notify_running(m);
	report(m, "started");
	if (m->config->timeout > 0)
		loop_set_timer(&m->loop, TIMER_TIMEOUT, m->config->timeout * 1000LL);
	if (m->stop_wanted)
		supervisor_stop(m, -1, 0);
	else if (m->pending_signal)
		supervisor_kill(m, m->pending_signal);
	m->pending_signal = 0;
	confine_session(m);
	supervisor_advance(m);
}

/* Init that is killed while it starts makes the runtime fail in many ways; what matters is that it was asked for. */
static void start_failed(struct monitor *m, const struct error *failure)
{
	struct error err = *failure;
	if (m->stop_wanted && !m->config->exec)
		error_set(&err, "container-not-running", "container %s was stopped while it was being started", m->config->id);
	supervisor_fail(m, &err);
}

static void start_done(struct monitor *m, const struct operation_result *result)
{
	loop_cancel_timer(&m->loop, TIMER_OUTPUT);
	if (m->start_socket[0] >= 0)
		close(steal_fd(&m->start_socket[0]));
	if (result->failed)
		start_failed(m, &result->error);
	else
		running(m);
	container_io_update(m);
}

static void begin_start(struct monitor *m)
{
	m->phase = PHASE_STARTING;
	loop_set_timer(&m->loop, TIMER_OUTPUT, OUTPUT_GRACE_MS);
	container_io_update(m);
	operation_begin(m, operation_start, start_done);
}

void supervisor_network_ready(struct monitor *m)
{
	m->phase = PHASE_CREATED;
	if (m->init_ended) {
		supervisor_advance(m);
	} else if (m->start_wanted) {
		begin_start(m);
	} else {
		supervisor_write_status(m);
		event_log(m, "init", "");
		m->init_logged = true;
		report(m, "created");
	}
}

void supervisor_start(struct monitor *m)
{
	m->start_wanted = true;
	if (m->phase == PHASE_CREATED && !m->init_ended)
		begin_start(m);
}

static void made(struct monitor *m, const struct operation_result *result)
{
	struct error err;
	m->init = result->pid;
	if (result->failed) {
		start_failed(m, &result->error);
		return;
	}
	process_identify(m->init, &m->status.init);
	if (m->start_socket[1] >= 0)
		close(steal_fd(&m->start_socket[1]));
	if (container_io_created(m, &err) < 0) {
		supervisor_fail(m, &err);
		return;
	}
	if (m->config->exec) {
		running(m);
		return;
	}
	if (m->config->systemd_slice)
		oom_watch(m);
	if (m->stop_wanted)
		kill(m->init, SIGKILL);
	m->phase = PHASE_NETWORK;
	if (m->config->network != NETWORK_OTHER)
		network_begin(m);
	else
		supervisor_network_ready(m);
}

void supervisor_run(struct monitor *m)
{
	struct error err;
	m->phase = PHASE_CREATING;
	m->init = 0;
	m->held = m->let_go = false;
	m->init_ended = m->deleted = m->paused = m->started = m->restart_wanted = m->init_logged = m->oom_seen = false;
	if (container_io_prepare(m, &err) < 0) {
		supervisor_fail(m, &err);
		return;
	}
	if (!m->config->runtime_path && !m->config->exec &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, m->start_socket) < 0) {
		error_errno(&err, "internal", "make the start socket");
		supervisor_fail(m, &err);
		return;
	}
	operation_begin(m, m->config->exec ? operation_exec : operation_create, made);
}

static void resumed(struct monitor *m, const struct operation_result *result)
{
	if (!result->failed)
		m->paused = false;
	supervisor_advance(m);
}

static void stop_running(struct monitor *m, int timeout, int signal)
{
	if (timeout < 0)
		timeout = m->config->stop_timeout;
	if (signal == 0)
		signal = m->config->stop_signal;
	if (!m->config->exec)
		event_log(m, "stop", "");
	kill(m->init, timeout == 0 ? SIGKILL : signal);
	long long deadline = loop_now() + timeout * 1000LL;
	if (timeout > 0 && (m->loop.deadline[TIMER_STOP] == 0 || deadline < m->loop.deadline[TIMER_STOP]))
		m->loop.deadline[TIMER_STOP] = deadline;
	/* A frozen process gets no other signal than SIGKILL. */
	if (m->paused && !m->operation.running)
		operation_begin(m, operation_resume, resumed);
	supervisor_write_status(m);
}

void supervisor_stop(struct monitor *m, int timeout, int signal)
{
	m->stop_wanted = true;
	if (m->phase == PHASE_BACKOFF)
		end_advance(m);
	else if (m->phase == PHASE_RUNNING && !m->init_ended)
		stop_running(m, timeout, signal);
	else if (m->init > 0 && !m->init_ended)
		kill(m->init, SIGKILL);
}

void supervisor_restart(struct monitor *m)
{
	m->restart_wanted = true;
	stop_running(m, -1, 0);
}

void supervisor_kill(struct monitor *m, int signal)
{
	if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == m->config->stop_signal)
		m->status.stopped_by_user = true; /* if it ends now, it is not to be restarted */
	if (m->phase == PHASE_RUNNING && !m->init_ended)
		kill(m->init, signal);
	else if (signal == SIGKILL)
		supervisor_stop(m, 0, SIGKILL);
	else
		m->pending_signal = signal;
}

void supervisor_advance(struct monitor *m)
{
	if (m->operation.running)
		return;
	if (m->phase == PHASE_ENDING)
		end_advance(m);
	else if (m->init_ended && m->phase > PHASE_SETUP && m->phase < PHASE_ENDING)
		end_begin(m);
}

static void reaped(struct monitor *m, pid_t pid, int status)
{
	if (pid == m->init && !m->init_ended) {
		m->init_ended = true;
		m->init_status = status;
		time_now(m->status.finished_at);
	}
	if (pid == m->rootfs_helper) {
		m->rootfs_helper = 0;
		m->status.helpers[HELPER_ROOTFS].pid = 0;
	}
	network_reaped(m, pid, status);
	health_reaped(m, pid);
}

/*
 * While the runtime is being called, a zombie we don't know may be the process that it has made and is about to tell
 * us: such ones are left until it has.
 */
void supervisor_reap(struct monitor *m)
{
	const pid_t known[] = {m->init, m->rootfs_helper, m->network.pid, m->network.forwarder, m->health.child};
	int status;
	pid_t pid;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i] > 0 && waitpid(known[i], &status, WNOHANG) == known[i])
			reaped(m, known[i], status);
	}
	while (!m->operation.running && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		reaped(m, pid, status);
	supervisor_advance(m);
}

static void signal_ready(struct source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct signalfd_siginfo info;
	(void)events;
	if (read(source->fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		supervisor_reap(m);
	else /* of a service manager, which also the machine's end is told by: the user hasn't asked for it */
		supervisor_stop(m, -1, 0);
}

static void expired(void *owner, enum timer timer)
{
	struct monitor *m = owner;
	switch (timer) {
	case TIMER_STOP:
	case TIMER_TIMEOUT:
		if (timer == TIMER_TIMEOUT)
			m->timed_out = true;
		if (m->init > 0 && !m->init_ended)
			kill(m->init, SIGKILL);
		break;
	case TIMER_HELPER:
		if (m->phase == PHASE_NETWORK || m->phase == PHASE_RUNNING) {
			network_expired(m);
			break;
		}
		end_timer_expired(m, timer);
		break;
	case TIMER_HEALTH:
		health_expired(m);
		break;
	case TIMER_OUTPUT:
		container_io_update(m);
		break;
	case TIMER_REVIVE:
		network_revive(m);
		break;
	default:
		end_timer_expired(m, timer);
		break;
	}
}

static int watch_signals(struct monitor *m, struct error *err)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	m->signals.owner = m;
	m->signals.ready = signal_ready;
	if (fd < 0 || loop_add(&m->loop, &m->signals, fd, EPOLLIN) < 0)
		return error_errno(err, "internal", "watch signals");
	return 0;
}

static void add_relay(struct monitor *m)
{
	const struct launch *launch = m->launch;
	m->relay = client_add(m, launch->control, 0, true);
	if (m->relay)
		m->relay->awaits_start = true;
	if (launch->data >= 0)
		client_add(m, launch->data, launch->attach, true);
}

static int mount_rootfs(struct monitor *m, struct error *err)
{
	if (rootfs_mount(&m->config->rootfs, &m->rootfs_helper, err) < 0)
		return -1;
	if (m->rootfs_helper > 0)
		process_identify(m->rootfs_helper, &m->status.helpers[HELPER_ROOTFS]);
	for (size_t i = 0; i < m->config->overlay_count; i++) {
		if (rootfs_mount(&m->config->overlays[i], NULL, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * From here on commands see this monitor and can stop it, also if the engine that started it was killed. Another
 * command may have removed the container since: it moved the directory away and looked for this file, or we see it
 * moved.
 */
static int show_up(struct monitor *m, struct error *err)
{
	struct stat named, ours;
	supervisor_write_status(m);
	if (m->config->exec)
		return 0;
	if (stat(m->launch->path, &named) == 0 && fstat(m->launch->directory, &ours) == 0 &&
	    named.st_dev == ours.st_dev && named.st_ino == ours.st_ino)
		return 0;
	return error_set(err, "internal", "container %s was removed while it was being started", m->config->id);
}

static int prepare(struct monitor *m, struct error *err)
{
	if (!m->config->exec && setup_mount_namespace(err) < 0)
		return -1;
	if (setup_run_directory(m, err) < 0 || client_listen(m, err) < 0 || show_up(m, err) < 0 ||
	    notify_open(m, err) < 0)
		return -1;
	if (m->config->systemd_slice && !m->config->stay)
		setup_scope(m->config->systemd_slice, "libpod-conmon", m->config->exec ? m->config->session : m->config->id);
	if (log_open(&m->log, m->config, err) < 0)
		return -1;
	if (mount_rootfs(m, err) < 0 || workdir_prepare(m->config, err) < 0 || users_append(&m->config->users, err) < 0)
		return -1;
	mtab_prepare(m->config);
	/* The overlay goes on with the rights of when it was mounted. */
	return m->config->exec ? 0 : privileges_of_container(m->config, err);
}

static void init_monitor(struct monitor *m, const struct launch *launch)
{
	*m = (struct monitor){.launch = launch, .config = launch->config, .ready_fd = launch->ready_fd};
	m->lock = m->alive = m->run_dir = m->start_socket[0] = m->start_socket[1] = -1;
	m->listener.fd = m->notify.fd = m->signals.fd = m->oom.fd = m->oom_above = m->log.fd = m->log.directory = -1;
	m->loop.owner = m;
	m->loop.expired = expired;
	m->start_wanted = !launch->no_start;
	container_io_init(m);
	network_init(m);
	health_init(m);
	process_identify(getpid(), &m->status.monitor);
}

int supervise(const struct launch *launch)
{
	static struct monitor monitor;
	struct monitor *m = &monitor;
	struct error err;
	init_monitor(m, launch);
	if (setup_process(m, &err) < 0 || loop_open(&m->loop, &err) < 0 || watch_signals(m, &err) < 0 ||
	    setup_locks(m, &err) < 0) {
		setup_refuse(launch, &err);
		return 125;
	}
	add_relay(m);
	if (prepare(m, &err) < 0)
		supervisor_fail(m, &err);
	else
		supervisor_run(m);
	while (m->phase != PHASE_ENDED) {
		loop_step(&m->loop);
		clients_sweep(m);
	}
	clients_sweep(m);
	pid_t cleanup = end_cleanup(m);
	/* Clients that are slow to read the last output. */
	while (m->clients.count > 0) {
		loop_step(&m->loop);
		clients_sweep(m);
	}
	while (cleanup > 0 && waitpid(cleanup, NULL, 0) < 0 && errno == EINTR)
		;
	return m->status.exit_code & 0xff;
}
