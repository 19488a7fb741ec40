/* Hidden and read-only paths. What covers them comes from descriptors checked once, never from the rootfs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mount.h"
#include "rootfs.h"

struct covers {
	int null_device, empty_directory;
};

/* /dev/null of the host, checked: that of the container may be anything. */
static int make_null_device(struct error *err)
{
	const uint64_t flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	auto_close int device = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (device < 0 || fstat(device, &st) < 0)
		return error_errno(err, "runtime-failed", "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(err, "runtime-failed", "/dev/null of the host is not the null device");
	auto_close int fd = mount_clone(device, false);
	if (fd < 0 || mount_set_attributes(fd, flags, 0, MS_PRIVATE, false) < 0)
		return error_errno(err, "runtime-failed", "clone /dev/null");
	return steal_fd(&fd);
}

static int make_empty_directory(struct error *err)
{
	static char *const options[] = {"nr_blocks=1", "nr_inodes=2", "mode=0555", NULL};
	const uint64_t flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	auto_close int fd = mount_filesystem("tmpfs", "tmpfs", options, err);
	if (fd < 0)
		return -1;
	if (mount_set_attributes(fd, flags, 0, 0, false) < 0)
		return error_errno(err, "runtime-failed", "make the covering directory read-only");
	return steal_fd(&fd);
}

/* The first use of a cover attaches it, the others are clones: before Linux 6.15 only what is attached can be cloned. */
static int cover(int target, struct covers *covers, struct error *err)
{
	struct stat st;
	if (fstat(target, &st) < 0)
		return error_errno(err, "runtime-failed", "stat");
	bool directory = S_ISDIR(st.st_mode);
	int *first = directory ? &covers->empty_directory : &covers->null_device;
	if (*first >= 0) {
		auto_close int clone = mount_clone(*first, false);
		return clone < 0 || mount_attach(clone, target) < 0 ? error_errno(err, "runtime-failed", "mount") : 0;
	}
	*first = directory ? make_empty_directory(err) : make_null_device(err);
	if (*first < 0)
		return -1;
	return mount_attach(*first, target) < 0 ? error_errno(err, "runtime-failed", "mount") : 0;
}

static int make_readonly(int target, struct error *err)
{
	auto_close int fd = mount_clone(target, true);
	if (fd < 0 || mount_set_attributes(fd, MOUNT_ATTR_RDONLY, 0, 0, true) < 0 || mount_attach(fd, target) < 0)
		return error_errno(err, "runtime-failed", "mount");
	return 0;
}

int masks_apply(const struct container *container, struct error *err)
{
	struct covers covers = {-1, -1};
	int rc = 0;
	for (char **path = container->spec.readonly_paths; path && *path && rc == 0; path++) {
		auto_close int target = open_in_root(container->root, *path, O_PATH, 0);
		if (target >= 0)
			rc = make_readonly(target, err);
		else if (errno != ENOENT && errno != ENOTDIR)
			rc = error_errno(err, "runtime-failed", "open");
		if (rc < 0)
			error_prefix(err, "make %s read-only", *path);
	}
	for (char **path = container->spec.masked_paths; path && *path && rc == 0; path++) {
		auto_close int target = open_in_root(container->root, *path, O_PATH, 0);
		if (target >= 0)
			rc = cover(target, &covers, err);
		else if (errno != ENOENT && errno != ENOTDIR)
			rc = error_errno(err, "runtime-failed", "open");
		if (rc < 0)
			error_prefix(err, "mask %s", *path);
	}
	if (covers.empty_directory >= 0)
		close(covers.empty_directory);
	if (covers.null_device >= 0)
		close(covers.null_device);
	return rc;
}
