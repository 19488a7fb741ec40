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
#include <unistd.h>

#include "cleanup.h"
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

int mount_clone_foreign(const char *source, bool recursive, bool *is_foreign)
{
	const char *path;
	auto_close int other = foreign_namespace(source, &path);
	*is_foreign = other >= 0;
	if (other < 0)
		return -1;
	auto_close int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (own < 0 || root < 0 || cwd < 0 || setns(other, CLONE_NEWNS) < 0)
		return -1;
	/* From here on `/` is the other container's, so that no link in it leads out. */
	auto_close int source_fd = open(path, O_PATH | O_CLOEXEC);
	auto_close int copy = source_fd < 0 ? -1 : mount_clone(source_fd, recursive);
	int failure = errno;
	if (setns(own, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
		return -1;
	errno = failure;
	return steal_fd(&copy);
}
