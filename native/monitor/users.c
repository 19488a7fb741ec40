/*
 * In the container's own files, and not in some that are bound over them: programs like usermod put a new file in the
 * place of the old one, which a mount would keep them from.
 */
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

static int append(int root, const char *path, const char *text, struct error *err)
{
	if (!text)
		return 0;
	struct stat st;
	char link[32];
	/* Not opened before it is known to be a file: the container may have left a device there. */
	auto_close int found = open_in_root(root, path, O_PATH, 0);
	if (found < 0 || fstat(found, &st) < 0)
		return error_errno(err, "mount-failed", "open %s of the container", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, "mount-failed", "add a user to %s of the container: it is not a file", path);
	snprintf(link, sizeof link, "/proc/self/fd/%d", found);
	auto_close int fd = open(link, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0 || write_full(fd, text, strlen(text)) < 0)
		return error_errno(err, errno == ENOSPC || errno == EDQUOT ? "disk-full" : "mount-failed",
				   "add a user to %s of the container", path);
	return 0;
}

int users_append(const struct users_config *users, struct error *err)
{
	if (!users->root)
		return 0;
	auto_close int root = open(users->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, "mount-failed", "open the rootfs %s", users->root);
	return append(root, "/etc/passwd", users->passwd, err) < 0 ? -1 : append(root, "/etc/group", users->group, err);
}
