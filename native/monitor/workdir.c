/*
 * A directory that the user named must be there; the image's own is made, and is the container's user's. As with Podman,
 * also where an OCI runtime would make either of them.
 */
#include "workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "runtime/path.h"

static int make(int root, const struct workdir_config *workdir, struct error *err)
{
	auto_close int fd = path_open_or_make(root, workdir->path, true);
	if (fd < 0 || fchownat(fd, "", workdir->uid, workdir->gid, AT_EMPTY_PATH) < 0)
		return error_errno(err, "bad-workdir", "make the working directory %s", workdir->path);
	return 0;
}

/* One that leads nowhere may lead into what is mounted later. */
static bool is_link(int root, const char *path)
{
	struct stat st;
	auto_close int fd = open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
	bool found = fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
	errno = ENOENT;
	return found;
}

int workdir_prepare(const struct config *config, struct error *err)
{
	const struct workdir_config *workdir = &config->workdir;
	struct stat st;
	if (!workdir->path)
		return 0;
	auto_close int root = open(workdir->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, "mount-failed", "open the rootfs %s", workdir->root);
	auto_close int fd = open_in_root(root, workdir->path, O_PATH, 0);
	if (fd < 0 && errno == ENOENT && workdir->make)
		return make(root, workdir, err);
	if (fd < 0 && errno == ENOENT && is_link(root, workdir->path))
		return 0;
	if (fd < 0 && errno == ENOENT)
		return error_set(err, "bad-workdir", "workdir \"%s\" does not exist on container %s", workdir->path, config->id);
	if ((fd < 0 && errno == ENOTDIR) || (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)))
		return error_set(err, "bad-workdir", "workdir \"%s\" exists on container %s, but is not a directory",
				 workdir->path, config->id);
	return fd < 0 ? error_errno(err, "bad-workdir", "open the working directory %s", workdir->path) : 0;
}
