#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mount.h"
#include "path.h"

#define PTY_SLAVE_MAJOR 136

static int open_master(int root, struct error *err)
{
	auto_close int fd = path_open_no_symlinks(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct statfs fs;
	struct stat st;
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "runtime-failed",
				   "open /dev/pts/ptmx of the container (process.terminal needs a devpts mount)");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return error_set(err, "runtime-failed", "/dev/pts/ptmx of the container is not a terminal multiplexer");
	int unlock = 0;
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0 || fcntl(fd, F_SETFL, O_RDWR) < 0)
		return error_errno(err, "runtime-failed", "unlock the terminal");
	return steal_fd(&fd);
}

int console_open(int root, int socket, const struct process_spec *process, struct error *err)
{
	if (socket < 0)
		return error_set(err, "bad-config", "process.terminal is set: pass --console-socket");
	auto_close int master = open_master(root, err);
	if (master < 0)
		return -1;
	auto_close int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (slave < 0 || fstat(slave, &st) < 0)
		return error_errno(err, "runtime-failed", "open the terminal");
	if (!S_ISCHR(st.st_mode) || major(st.st_rdev) != PTY_SLAVE_MAJOR)
		return error_set(err, "runtime-failed", "the terminal is not a pseudo-terminal");
	struct winsize size = {.ws_row = process->rows, .ws_col = process->columns};
	if (process->rows && process->columns && ioctl(slave, TIOCSWINSZ, &size) < 0)
		return error_errno(err, "runtime-failed", "set the size of the terminal");
	if (fchown(slave, process->uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
		return error_errno(err, "runtime-failed", "give the terminal to user %u", process->uid);
	if (send_fd(socket, master) < 0)
		return error_errno(err, "runtime-failed", "send the terminal over the console socket");
	return steal_fd(&slave);
}

int console_bind(int root, int slave, struct error *err)
{
	auto_close int dev = path_open_no_symlinks(root, "/dev", O_PATH | O_DIRECTORY);
	if (dev < 0)
		return error_errno(err, "runtime-failed", "open /dev in the rootfs");
	int made = openat(dev, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (made >= 0)
		close(made);
	else if (errno != EEXIST)
		return error_errno(err, "runtime-failed", "make /dev/console");
	auto_close int target = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (target < 0 || fstat(target, &st) < 0)
		return error_errno(err, "runtime-failed", "open /dev/console in the rootfs");
	if (S_ISLNK(st.st_mode))
		return error_set(err, "bad-config", "/dev/console of the rootfs is a symbolic link");
	auto_close int fd = mount_clone(slave, false);
	if (fd < 0 || mount_attach(fd, target) < 0)
		return error_errno(err, "runtime-failed", "mount the terminal at /dev/console");
	return 0;
}

int console_take(int slave, struct error *err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_errno(err, "runtime-failed", "take the controlling terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return error_errno(err, "runtime-failed", "connect the terminal");
	close(slave);
	return 0;
}
