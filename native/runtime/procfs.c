#include "procfs.h"

#include <errno.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

int procfs_open(int proc, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	auto_close int fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof how);
	struct statfs fs;
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -1;
	if (fs.f_type != PROC_SUPER_MAGIC) {
		errno = EPROTO;
		return -1;
	}
	return steal_fd(&fd);
}

pid_t procfs_self(int proc)
{
	char pid[16];
	ssize_t n = readlinkat(proc, "self", pid, sizeof pid - 1);
	if (n < 0)
		return -1;
	pid[n] = '\0';
	return (pid_t)strtol(pid, NULL, 10);
}
