#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "overlay.h"
#include "path.h"
#include "remove.h"
#include "report.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

void target_init(struct target *target, int root, const char *opaque_xattr)
{
	*target = (struct target){.root = root, .opaque_xattr = opaque_xattr, .parent = -1};
}

void target_free(struct target *target)
{
	target_forget(target);
	name_list_free(&target->implicit);
	name_list_free(&target->opaque);
}

void target_forget(struct target *target)
{
	if (target->parent >= 0)
		close(target->parent);
	free(target->parent_path);
	target->parent = -1;
	target->parent_path = NULL;
}

/* Do new files in the directory get something from it that was not asked for? */
static bool is_special(int directory)
{
	struct stat st;
	return fstat(directory, &st) < 0 || (st.st_mode & S_ISGID) ||
	       fgetxattr(directory, "system.posix_acl_default", NULL, 0) > 0;
}

void target_enter(struct target *target, const char *path, int fd)
{
	target_forget(target);
	target->parent_path = strdup(path);
	target->parent = fd;
	target->parent_special = is_special(fd);
	if (!target->parent_path)
		target_forget(target);
}

/* Makes one missing directory; a whiteout in its place gives way to it, for this layer adds to what it removed below. */
static int make_directory(struct target *target, const char *path, struct error *err)
{
	size_t length;
	const char *base = path_base(path, &length);
	auto_free char *parent_path = strndup(path, length);
	if (!parent_path)
		return fail_errno(err, "make directory %s", path);
	auto_close int parent = open_in_root(target->root, length ? parent_path : ".", DIRECTORY_FLAGS, 0);
	if (parent < 0)
		return fail_errno(err, "open directory %s", parent_path);
	bool whiteout = false;
	if (mkdirat(parent, base, 0755) < 0) {
		struct stat st;
		if (errno != EEXIST || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail_errno(err, "make directory %s", path);
		if (!target->opaque_xattr || !overlay_is_whiteout(&st))
			return S_ISLNK(st.st_mode)
				       ? error_set(err, "not-a-directory", "%s is a symbolic link to nothing", path)
				       : error_set(err, "not-a-directory", "%s is not a directory", path);
		if (target_clear(target, parent, base, &whiteout, err) < 0)
			return -1;
		if (mkdirat(parent, base, 0755) < 0)
			return fail_errno(err, "make directory %s", path);
	}
	auto_close int fd = openat(parent, base, DIRECTORY_FLAGS | O_NOFOLLOW);
	if (fd < 0)
		return fail_errno(err, "open directory %s", path);
	/* Root's also below a directory that passes on its group. */
	if (is_special(parent) && (fchown(fd, 0, 0) < 0 || fchmod(fd, 0755) < 0) && errno != EPERM)
		return fail_errno(err, "change the owner of %s", path);
	if (name_list_add(&target->implicit, path) < 0)
		return fail_errno(err, "make directory %s", path);
	return whiteout ? target_set_opaque(target, fd, path, err) : 0;
}

/* Opens a directory, making what is missing of it. */
static int open_or_make(struct target *target, char *path, struct error *err)
{
	int fd = open_in_root(target->root, path, DIRECTORY_FLAGS, 0);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
		return fd >= 0 ? fd : fail_errno(err, "open directory %s", path);
	for (char *end = path; end; ) {
		end = strchr(end + 1, '/');
		if (end)
			*end = '\0';
		auto_close int there = open_in_root(target->root, path, DIRECTORY_FLAGS, 0);
		int result = there >= 0 ? 0 : make_directory(target, path, err);
		if (end)
			*end = '/';
		if (result < 0)
			return -1;
	}
	fd = open_in_root(target->root, path, DIRECTORY_FLAGS, 0);
	return fd >= 0 ? fd : fail_errno(err, "open directory %s", path);
}

int target_parent(struct target *target, const char *path, const char **base, struct error *err)
{
	size_t length;
	*base = path_base(path, &length);
	if (target->parent >= 0 && strlen(target->parent_path) == length &&
	    memcmp(target->parent_path, path, length) == 0)
		return target->parent;
	auto_free char *parent_path = strndup(path, length);
	if (!parent_path)
		return fail_errno(err, "unpack %s", path);
	int fd = length > 0 ? open_or_make(target, parent_path, err)
			    : open_in_root(target->root, ".", DIRECTORY_FLAGS, 0);
	if (fd < 0)
		return length > 0 ? -1 : fail_errno(err, "open the target directory");
	target_enter(target, parent_path, fd);
	return target->parent >= 0 ? target->parent : error_set(err, "io-error", "unpack %s: out of memory", path);
}

int target_clear(const struct target *target, int parent, const char *base, bool *whiteout, struct error *err)
{
	struct stat st;
	*whiteout = false;
	if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "look at %s", base);
	*whiteout = target->opaque_xattr && overlay_is_whiteout(&st);
	return remove_at(parent, base, err);
}

int target_set_opaque(struct target *target, int directory, const char *path, struct error *err)
{
	int native = fsetxattr(directory, target->opaque_xattr, "y", 1, 0);
	int fuse = fsetxattr(directory, "user.fuseoverlayfs.opaque", "y", 1, 0);
	if (native < 0 && fuse < 0)
		return fail_errno(err, "mark %s as opaque (the file system must take extended attributes)", path);
	return name_list_add(&target->opaque, path) < 0 ? fail_errno(err, "mark %s as opaque", path) : 0;
}
