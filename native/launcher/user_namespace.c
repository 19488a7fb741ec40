#include "user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "holder.h"
#include "id_mapping.h"
#include "refusal.h"

pid_t next_process(DIR *proc)
{
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		long pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0)
			return (pid_t)pid;
	}
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool user_namespace_contains(const struct stat *ns, pid_t pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	while (fd >= 0 && fstat(fd, &st) == 0) {
		if (same_file(&st, ns))
			return true;
		int parent = ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = parent;
	}
	return false;
}

bool user_namespace_mapping(const char *map, unsigned *outside)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/%s", map);
	auto_free char *text = read_file_at(AT_FDCWD, path, 65536, NULL);
	unsigned inside, count;
	if (!text || sscanf(text, "%u %u %u", &inside, outside, &count) != 3)
		return false;
	return count > 1 || strchr(text, '\n') != strrchr(text, '\n');
}

static int open_lock(const struct run_directory *run, const char *name, int operation, struct error *err)
{
	auto_close int fd = openat(run->fd, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = -1;
	while (fd >= 0 && (rc = flock(fd, operation)) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return error_errno(err, "internal", "lock %s/%s", run->path, name);
	return steal_fd(&fd);
}

static int enter(int pidfd, pid_t holder, struct error *err)
{
	if (setns(pidfd, CLONE_NEWUSER) < 0)
		return error_errno(err, "internal", "join the user namespace of process %d", (int)holder);
	/* Joining made us undumpable until exec; if the holder dies before that, the next command must still find us. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}

/* With the lock held the holder can't end by itself. Returns 1 when none is registered or it got killed. */
static int join_registered(const struct run_directory *run, int alive, struct error *err)
{
	pid_t pid;
	auto_close int holder = alive < 0 ? -1 : run_directory_holder(run, &pid);
	if (holder < 0)
		return 1;
	if (enter(holder, pid, err) == 0)
		return 0;
	return err->errnum == ESRCH ? 1 : -1;
}

static bool has_open(pid_t pid, const struct stat *file)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	auto_closedir DIR *fds = opendir(path);
	struct stat st;
	for (struct dirent *entry; fds && (entry = readdir(fds));)
		if (fstatat(dirfd(fds), entry->d_name, &st, 0) == 0 && same_file(&st, file))
			return true;
	return false;
}

/* A namespace whose maker was killed too early has no mapping, and will never have one. */
static bool is_mapped(pid_t pid)
{
	char path[64];
	const char *const maps[] = {"uid_map", "gid_map"};
	for (size_t i = 0; i < 2; i++) {
		size_t length = 0;
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, maps[i]);
		auto_free char *text = read_file_at(AT_FDCWD, path, 65536, &length);
		if (!text || length == 0)
			return false;
	}
	return true;
}

/* After the holder was killed: a pidfd of somebody who is still in its namespace, known by the file of the lock; or -1. */
static int find_survivor(const struct run_directory *run)
{
	auto_closedir DIR *proc = opendir("/proc");
	struct stat alive, own, st;
	if (fstatat(run->fd, "alive", &alive, 0) < 0 || stat("/proc/self/ns/user", &own) < 0)
		return -1;
	for (pid_t pid; (pid = next_process(proc)) > 0;) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
		auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (pidfd < 0 || stat(path, &st) < 0 || same_file(&st, &own))
			continue;
		if (has_open(pid, &alive) && is_mapped(pid))
			return steal_fd(&pidfd);
	}
	return -1;
}

/* Registers the new holder and joins it, or leaves no trace of it. */
static int settle(const struct caller *caller, const struct run_directory *run, pid_t pid, bool fresh, struct error *err)
{
	struct process_identity identity;
	auto_close int pidfd = process_identify(pid, &identity) < 0 ? -1 : process_open(&identity);
	if (pidfd < 0)
		return error_errno(err, "internal", "the namespace holder %d died at its start", (int)pid);
	if ((!fresh || id_mapping_write(pid, caller->uid, caller->gid, err) == 0) &&
	    run_directory_register(run, &identity, err) == 0 && enter(pidfd, pid, err) == 0)
		return 0;
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return -1;
}

/* Returns 1 when the one whose namespace it was to be has ended meanwhile. */
static int make_holder(const struct caller *caller, const struct run_directory *run, int survivor, struct error *err)
{
	bool fresh = survivor < 0;
	if (fresh && refusal_expected(err))
		return -1;
	struct holder_setup setup = {.run = run, .survivor = survivor, .argc = caller->argc, .argv = caller->argv};
	pid_t pid;
	if (holder_start(&setup, &pid) == 0)
		return settle(caller, run, pid, fresh, err);
	if (fresh)
		return refusal_explain(errno, err);
	return errno == ESRCH ? 1 : error_errno(err, "internal", "join the user namespace of a running container");
}

/* Under the lock RUN/create and with `alive` held. */
static int renew(const struct caller *caller, const struct run_directory *run, int alive, struct error *err)
{
	int rc = 1;
	while (rc > 0) {
		/* Nobody registered is alive. If somebody shares the lock with us nonetheless, the holder was killed under him. */
		auto_close int survivor = -1;
		if (flock(alive, LOCK_EX | LOCK_NB) < 0)
			survivor = find_survivor(run);
		if (flock(alive, LOCK_SH) < 0)
			return error_errno(err, "internal", "lock %s/alive", run->path);
		rc = make_holder(caller, run, survivor, err);
	}
	return rc;
}

int user_namespace_enter(const struct caller *caller, const struct run_directory *run, int *alive, struct error *err)
{
	auto_close int shared = open_lock(run, "alive", LOCK_SH | LOCK_NB, err);
	int rc = join_registered(run, shared, err);
	if (rc > 0) {
		/* Whoever waits for RUN/create must not look like an inhabitant. */
		if (shared >= 0)
			close(steal_fd(&shared));
		auto_close int create = open_lock(run, "create", LOCK_EX, err);
		if (create < 0)
			return -1;
		shared = open_lock(run, "alive", LOCK_SH, err);
		if (shared < 0)
			return -1;
		rc = join_registered(run, shared, err);
		if (rc > 0)
			rc = renew(caller, run, shared, err);
	}
	if (rc == 0)
		*alive = steal_fd(&shared);
	return rc;
}

bool user_namespace_rejoin(const struct run_directory *run, int *alive)
{
	struct error err;
	struct stat own;
	pid_t pid;
	auto_close int shared = open_lock(run, "alive", LOCK_SH | LOCK_NB, &err);
	auto_close int holder = shared < 0 ? -1 : run_directory_holder(run, &pid);
	if (holder < 0 || stat("/proc/self/ns/user", &own) < 0 || !user_namespace_contains(&own, pid))
		return false;
	*alive = steal_fd(&shared);
	return true;
}
