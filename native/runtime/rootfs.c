#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "mount.h"

int rootfs_open(struct container *container, struct error *err)
{
	const struct spec *spec = &container->spec;
	struct mount_attr slave = {.propagation = spec->rootfs_propagation == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE};
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave, sizeof slave) < 0)
		return error_errno(err, "runtime-failed", "keep mounts of the container from reaching the host");
	container->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (container->proc < 0)
		return error_errno(err, "runtime-failed", "open /proc");
	auto_close int directory = openat(container->bundle, spec->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_errno(err, "bad-config", "open the rootfs %s", spec->rootfs);
	auto_close int tree = mount_clone(directory, true);
	if (tree < 0)
		return error_errno(err, "runtime-failed", "clone the rootfs mount %s", spec->rootfs);
	if (mount_set_attributes(tree, 0, 0, MS_PRIVATE, true) < 0 || mount_attach(tree, directory) < 0)
		return error_errno(err, "runtime-failed", "mount the rootfs %s", spec->rootfs);
	container->root = steal_fd(&tree);
	return 0;
}

/* The old root ends up under the new one at the same place and is then detached, so no directory is needed for it. */
static int pivot(struct error *err)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return error_errno(err, "runtime-failed",
				   "pivot_root into the rootfs (on an initramfs, use --no-pivot)");
	if (umount2(".", MNT_DETACH) < 0)
		return error_errno(err, "runtime-failed", "detach the old root");
	return 0;
}

static int move_root(int root, struct error *err)
{
	auto_close int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash < 0 || move_mount(root, "", slash, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_errno(err, "runtime-failed", "move the rootfs over /");
	if (chroot(".") < 0)
		return error_errno(err, "runtime-failed", "chroot into the rootfs");
	return 0;
}

int rootfs_enter(struct container *container, struct error *err)
{
	if (container->spec.rootfs_readonly &&
	    mount_set_attributes(container->root, MOUNT_ATTR_RDONLY, 0, 0, false) < 0)
		return error_errno(err, "runtime-failed", "make the rootfs read-only");
	if (fchdir(container->root) < 0)
		return error_errno(err, "runtime-failed", "enter the rootfs");
	if ((container->options->no_pivot ? move_root(container->root, err) : pivot(err)) < 0)
		return -1;
	uint64_t propagation = container->spec.rootfs_propagation;
	if (propagation != MS_PRIVATE && propagation != MS_SLAVE &&
	    mount_set_attributes(container->root, 0, 0, propagation, true) < 0)
		return error_errno(err, "runtime-failed", "set the propagation of the rootfs");
	if (chdir("/") < 0)
		return error_errno(err, "runtime-failed", "enter /");
	close(steal_fd(&container->root));
	return 0;
}
