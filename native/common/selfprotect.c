#include "selfprotect.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool is_protected(int exe)
{
	struct statvfs fs;
	if (fstatvfs(exe, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	int seals = fcntl(exe, F_GET_SEALS);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* Costs two system calls, but takes CAP_SYS_ADMIN over our mount namespace. */
static int open_read_only_mount(void)
{
	auto_close int fd = open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return -1;
	return steal_fd(&fd);
}

static int open_sealed_copy(int exe)
{
	auto_close int fd = memfd_create("coracle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	if (fd < 0 || fstat(exe, &st) < 0)
		return -1;
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(fd, exe, NULL, (size_t)left);
		if (n <= 0)
			return -1;
		left -= n;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -1;
	return steal_fd(&fd);
}

int selfprotect(char **argv, struct error *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, "internal", "deny inspection of this process");
	auto_close int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (exe < 0)
		return error_errno(err, "internal", "open /proc/self/exe (is /proc mounted?)");
	if (is_protected(exe)) {
		const char *slash = strrchr(argv[0], '/');
		/* Executed from a descriptor, the process would be listed under its number. */
		prctl(PR_SET_NAME, slash ? slash + 1 : argv[0], 0, 0, 0);
		return 0;
	}
	auto_close int copy = open_read_only_mount();
	if (copy >= 0)
		execveat(copy, "", argv, environ, AT_EMPTY_PATH);
	auto_close int sealed = open_sealed_copy(exe);
	if (sealed < 0)
		return error_errno(err, "internal", "make a protected copy of the program");
	execveat(sealed, "", argv, environ, AT_EMPTY_PATH);
	return error_errno(err, "internal", "execute a protected copy of the program");
}
