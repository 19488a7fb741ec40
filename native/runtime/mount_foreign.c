/*
 * Mounts of other containers. The kernel lets nobody copy a mount of a mount namespace that he isn't in, so that it has
 * to be done from inside; the copy, belonging to no namespace, can then be attached anywhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mount.h"

/* The mount namespace that `/proc/PID/root/…` lies in when it isn't ours, else -1. */
static int foreign_namespace(const char *source, const char **path)
{
	char name[64];
	int pid, length = 0;
	struct stat own, other;
	if (sscanf(source, "/proc/%d/root%n", &pid, &length) != 1 || source[length] != '/')
		return -1;
	snprintf(name, sizeof name, "/proc/%d/ns/mnt", pid);
	auto_close int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &other) < 0 || stat("/proc/self/ns/mnt", &own) < 0 || own.st_ino == other.st_ino)
		return -1;
	*path = source + length;
	return steal_fd(&fd);
}

int mount_clone_foreign(const struct mount_spec *mount, bool *is_foreign)
{
	const char *path;
	auto_close int other = foreign_namespace(mount->source, &path);
	*is_foreign = other >= 0;
	if (other < 0)
		return -1;
	auto_close int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (own < 0 || root < 0 || cwd < 0 || setns(other, CLONE_NEWNS) < 0)
		return -1;
	/* From here on `/` is the other container's, so that no link in it leads out. */
	auto_close int source_fd = open(path, mount_source_flags(mount));
	auto_close int copy = source_fd < 0 ? -1 : mount_clone(source_fd, mount->recursive);
	int failure = errno;
	if (setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return -1;
	errno = failure;
	return steal_fd(&copy);
}

static _Noreturn void send_source(const char *bundle, const struct mount_spec *mount, int namespace, int sync)
{
	if (setns(namespace, CLONE_NEWNS) == 0 && chdir(bundle) == 0) {
		int source = open(mount->source, mount_source_flags(mount));
		if (source >= 0 && send_fd(sync, source) == 0)
			_exit(0);
	}
	_exit(errno);
}

int mounts_send_source(const struct container *container, int sync, pid_t pid, size_t index, struct error *err)
{
	char path[64];
	int status = 0;
	if (index >= container->spec.mount_count)
		return error_set(err, "runtime-failed", "unexpected message from the container's first process");
	const struct mount_spec *mount = &container->spec.mounts[index];
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	auto_close int namespace = open(path, O_RDONLY | O_CLOEXEC);
	pid_t child = namespace < 0 ? -1 : fork();
	if (child == 0)
		send_source(container->state.bundle, mount, namespace, sync);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (child > 0)
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return error_errno(err, "runtime-failed", "open %s, to be mounted at %s", mount->source, mount->destination);
}
