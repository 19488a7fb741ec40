#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

bool is_mount_point(const char *path)
{
	struct statx stx;
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &stx) == 0 && (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

int mount_bind(const char *path, struct error *err)
{
	if (mount(path, path, NULL, MS_BIND, NULL) < 0)
		return error_errno(err, "mount-failed", "bind %s", path);
	return 0;
}

int mount_tmpfs(const char *path, struct error *err)
{
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
		return error_errno(err, "mount-failed", "mount a tmpfs on %s", path);
	return 0;
}

int mount_adopt(const char *source, pid_t pid, const char *target, struct error *err)
{
	char name[64];
	snprintf(name, sizeof name, "/proc/%d/ns/mnt", (int)pid);
	auto_close int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_close int other = open(name, O_RDONLY | O_CLOEXEC);
	if (own < 0 || other < 0 || setns(other, CLONE_NEWNS) < 0)
		return error_errno(err, "mount-failed", "enter the mount namespace of process %d", (int)pid);
	auto_close int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int saved = errno;
	if (setns(own, CLONE_NEWNS) < 0)
		return error_errno(err, "mount-failed", "return to the mount namespace");
	errno = saved;
	if (tree < 0)
		return error_errno(err, "mount-failed", "take %s from process %d", source, (int)pid);
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, "mount-failed", "mount %s", target);
	return 0;
}

int mount_detach(const char *path, struct error *err)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_errno(err, "mount-failed", "unmount %s", path);
	return 0;
}
