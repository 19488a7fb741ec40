#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "descriptors.h"
#include "file.h"
#include "signals.h"
#include "supervisor.h"
#include "systemd_bus.h"
#include "text.h"

/* How long a container's lock is waited for. */
#define LOCK_GRACE_MS 1000
#define LOCK_INTERVAL_MS 5

static int own_stdio_to_null(void)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		if (null < 0 || dup2(null, i) < 0)
			return -1;
	}
	return 0;
}

/*
 * Of all that could be killed for memory, the monitor gives the least and is missed the most. Ordinary users may not
 * lower it; then nothing changes.
 */
static void lower_oom_score(struct monitor *m)
{
	auto_close int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read_full(fd, m->oom_score, sizeof m->oom_score - 1);
	m->oom_score[n > 0 ? n : 0] = '\0';
	if (n > 0 && pwrite(fd, "-999", 4, 0) < 0)
		m->oom_score[0] = '\0';
}

void setup_restore_oom_score(const struct monitor *m)
{
	auto_close int fd = m->oom_score[0] ? open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && write_full(fd, m->oom_score, strlen(m->oom_score)) < 0)
		return;
}

int setup_process(struct monitor *m, struct error *err)
{
	const struct launch *launch = m->launch;
	setsid();
	signals_reset();
	prctl(PR_SET_NAME, "coracle-monitor");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || container_io_keep_caller(m) < 0 || own_stdio_to_null() < 0 ||
	    chdir("/") < 0)
		return error_errno(err, "internal", "set up the monitor");
	int keep[] = {launch->directory, launch->ready_fd,   launch->data,        launch->control,
		      m->io.caller[0],   m->io.caller[1], m->io.caller[2]};
	descriptors_keep(3 + (int)m->config->preserve_fds, keep, sizeof keep / sizeof *keep);
	return 0;
}

static int take_lock(struct monitor *m, struct error *err)
{
	m->lock = openat(m->launch->directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m->lock < 0)
		return error_errno(err, "internal", "open %s/lock", m->launch->path);
	/* The one before writes that it has ended, upon which it may be started again, and lets go after that. */
	for (int tries = LOCK_GRACE_MS / LOCK_INTERVAL_MS; tries >= 0; tries--) {
		if (flock(m->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return error_errno(err, "internal", "lock %s/lock", m->launch->path);
		nanosleep(&(struct timespec){.tv_nsec = LOCK_INTERVAL_MS * 1000000L}, NULL);
	}
	return error_set(err, "already-running", "%s %s is running already", m->config->exec ? "session" : "container",
			 m->config->exec ? m->config->session : m->config->id);
}

int setup_locks(struct monitor *m, struct error *err)
{
	if (take_lock(m, err) < 0)
		return -1;
	lower_oom_score(m);
	if (!m->config->alive_file)
		return 0;
	m->alive = open(m->config->alive_file, O_RDONLY | O_CLOEXEC);
	if (m->alive < 0 || flock(m->alive, LOCK_SH | LOCK_NB) < 0)
		return error_errno(err, "internal", "hold %s", m->config->alive_file);
	return 0;
}

void setup_scope(const char *slice, const char *prefix, const char *name)
{
	char unit[256];
	struct error ignored; /* the container's own scope fails next, and says why */
	const struct systemd_property properties[] = {
		{.name = "Slice", .type = 's', .text = slice},
		{.name = "DefaultDependencies", .type = 'b'},
		{.name = "CollectMode", .type = 's', .text = "inactive-or-failed"},
	};
	snprintf(unit, sizeof unit, "%s-%s.scope", prefix, name);
	(void)systemd_start_scope(unit, getpid(), properties, sizeof properties / sizeof *properties, &ignored);
}

int setup_mount_namespace(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, "mount-failed", "make a mount namespace");
	if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(err, "mount-failed", "make mounts propagate one way");
	return 0;
}

static int make_directories(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		int rc = mkdir(path, 0700);
		*p = '/';
		if (rc < 0 && errno != EEXIST)
			return -1;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

int setup_run_directory(struct monitor *m, struct error *err)
{
	auto_free char *path = strdup(m->config->run_dir);
	struct stat st;
	if (!path || make_directories(path) < 0)
		return error_errno(err, "internal", "make %s", m->config->run_dir);
	m->run_dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->run_dir < 0 || fstat(m->run_dir, &st) < 0)
		return error_errno(err, "internal", "open %s", m->config->run_dir);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return error_set(err, "internal", "%s must belong to the user alone (mode 0700)", m->config->run_dir);
	size_t length = strlen(m->config->run_dir) + sizeof "/attach";
	char *socket = malloc(length);
	if (!socket)
		return error_errno(err, "internal", "allocate");
	snprintf(socket, length, "%s/attach", m->config->run_dir);
	m->status.socket = socket;
	return 0;
}

void setup_refuse(const struct launch *launch, const struct error *err)
{
	char buffer[EVENT_MAX];
	unsigned char header[FRAME_HEADER];
	size_t length = event_format_ending(buffer, &(struct ending){.error = err});
	event_error(launch->ready_fd, err);
	frame_header(header, 'X', length);
	int connection = launch->data >= 0 ? launch->data : launch->control;
	if (write_full(connection, header, sizeof header) < 0 || write_full(connection, buffer, length) < 0)
		return;
}
