#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mount.h"

#define MOUNTINFO_MAX (16 << 20)

/* As mountinfo(5) writes them. */
static void unescape(char *path)
{
	char *out = path;
	for (const char *in = path; *in; out++) {
		bool escaped = in[0] == '\\' && in[1] && in[2] && in[3];
		*out = escaped ? (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0')) : *in;
		in += escaped ? 4 : 1;
	}
	*out = '\0';
}

/* The mount point that the directory lies on, by its number in mountinfo. */
static char *find_mount_point(int directory)
{
	struct statx stx;
	if (statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return NULL;
	auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t room = 0;
	while (mounts && getline(&line, &room, mounts) > 0) {
		unsigned long long id;
		auto_free char *point = NULL;
		if (sscanf(line, "%llu %*s %*s %*s %ms", &id, &point) != 2 || id != stx.stx_mnt_id)
			continue;
		unescape(point);
		return steal_ptr(&point);
	}
	errno = ENOENT;
	return NULL;
}

/*
 * Mounts of the container must not reach the host, unless `shared` is asked for: then those below shared volumes are
 * to, but the one of the rootfs itself still must not.
 */
static int set_propagation(const struct spec *spec, int directory, struct error *err)
{
	struct mount_attr attr = {.propagation = spec->rootfs_propagation == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE};
	auto_free char *point = NULL;
	unsigned flags = AT_RECURSIVE;
	if (spec->rootfs_propagation == MS_SHARED) {
		point = find_mount_point(directory);
		if (!point)
			return error_errno(err, "runtime-failed", "find the mount that the rootfs lies on");
		attr.propagation = MS_PRIVATE;
		flags = 0;
	}
	if (mount_setattr(AT_FDCWD, point ? point : "/", flags, &attr, sizeof attr) < 0)
		return error_errno(err, "runtime-failed", "keep mounts of the container from reaching the host");
	return 0;
}

/*
 * Without a mount namespace of the container's every mount would be made in the caller's, where it stays and others see
 * it. So there are none, and all that is left is a chroot.
 */
static int check_without_namespace(const struct spec *spec, struct error *err)
{
	const struct {
		const char *name;
		bool given;
	} mounting[] = {
		{"mounts", spec->mount_count > 0},
		{"root.readonly", spec->rootfs_readonly},
		{"process.terminal", spec->process.terminal},
		{"linux.maskedPaths", spec->masked_paths && *spec->masked_paths},
		{"linux.readonlyPaths", spec->readonly_paths && *spec->readonly_paths},
		{"linux.rootfsPropagation", spec->has_propagation},
	};
	for (size_t i = 0; i < sizeof mounting / sizeof *mounting; i++)
		if (mounting[i].given)
			return error_set(err, "bad-config",
					 "%s: needs a mount namespace of the container's, else it would change the "
					 "caller's mounts; add the type mount to linux.namespaces",
					 mounting[i].name);
	return 0;
}

int rootfs_check(const struct spec *spec, struct error *err)
{
	const struct namespace_spec *ns = spec->namespaces;
	if (ns[NS_MOUNT].use == NS_JOIN && ns[NS_USER].use == NS_NEW)
		return error_set(err, "bad-config",
				 "linux.namespaces: a new user namespace has no rights over the mount namespace %s; join "
				 "the user namespace that it belongs to, too",
				 ns[NS_MOUNT].path);
	return ns[NS_MOUNT].use == NS_HOST ? check_without_namespace(spec, err) : 0;
}

int rootfs_open(struct container *container, struct error *err)
{
	const struct spec *spec = &container->spec;
	container->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (container->proc < 0)
		return error_errno(err, "runtime-failed", "open /proc");
	auto_close int directory = openat(container->bundle, spec->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_errno(err, "bad-config", "open the rootfs %s", spec->rootfs);
	if (spec->namespaces[NS_MOUNT].use == NS_HOST) {
		container->root = steal_fd(&directory);
		return 0;
	}
	if (set_propagation(spec, directory, err) < 0)
		return -1;
	auto_close int tree = mount_clone(directory, true);
	if (tree < 0)
		return error_errno(err, "runtime-failed", "clone the rootfs mount %s", spec->rootfs);
	if (mount_set_attributes(tree, 0, 0, MS_PRIVATE, true) < 0 || mount_attach(tree, directory) < 0)
		return error_errno(err, "runtime-failed", "mount the rootfs %s", spec->rootfs);
	container->root = steal_fd(&tree);
	return 0;
}

/* The old root ends up on top of the new one at the same place and is then detached: no directory is needed for it. */
static int pivot(struct error *err)
{
	auto_close int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_errno(err, "runtime-failed",
				   "pivot_root into the rootfs (on an initramfs, use --no-pivot)");
	/* Detaching what is shared with the host would detach it there as well. */
	if (mount_set_attributes(old, 0, 0, MS_SLAVE, true) < 0 || fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0)
		return error_errno(err, "runtime-failed", "detach the old root");
	return 0;
}

static int hide(const char *point, struct error *err)
{
	if (umount2(point, MNT_DETACH) == 0)
		return 0;
	/* What came with a user namespace can't be unmounted there. */
	auto_close int target = open(point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = target < 0 ? -1 : mount_filesystem("tmpfs", "tmpfs", NULL, err);
	if (target >= 0 && fd < 0)
		return -1;
	if (fd < 0 || mount_set_attributes(fd, MOUNT_ATTR_RDONLY, 0, 0, false) < 0 || mount_attach(fd, target) < 0)
		return error_errno(err, "runtime-failed", "hide the host's %s", point);
	return 0;
}

/*
 * The host's mounts stay in this namespace, out of reach. But the kernel lets whoever becomes root of a user namespace
 * of his own in the container mount a new procfs or sysfs as long as there is one in which nothing is hidden.
 */
static int hide_host(int root, struct error *err)
{
	char path[PATH_MAX], link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", root);
	ssize_t n = readlink(link, path, sizeof path - 1);
	auto_free char *mounts = read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	if (n < 0 || !mounts)
		return error_errno(err, "runtime-failed", "list the host's mounts");
	path[n] = '\0';
	char *rest = mounts;
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *type = strstr(line, " - ");
		auto_free char *top = NULL, *point = NULL;
		if (!type || (strncmp(type, " - proc ", 8) != 0 && strncmp(type, " - sysfs ", 9) != 0) ||
		    sscanf(line, "%*s %*s %*s %ms %ms", &top, &point) != 2 || strcmp(top, "/") != 0)
			continue;
		unescape(point);
		bool ours = strncmp(point, path, (size_t)n) == 0 && (point[n] == '/' || point[n] == '\0');
		if (!ours && hide(point, err) < 0)
			return -1;
	}
	return 0;
}

static int move_root(int root, struct error *err)
{
	auto_close int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Onto what is shared with the host it would be moved there as well. */
	if (slash < 0 || mount_set_attributes(slash, 0, 0, MS_PRIVATE, false) < 0)
		return error_errno(err, "runtime-failed", "keep the rootfs from reaching the host");
	if (hide_host(root, err) < 0)
		return -1;
	if (move_mount(root, "", slash, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_errno(err, "runtime-failed", "move the rootfs over /");
	if (chroot(".") < 0)
		return error_errno(err, "runtime-failed", "chroot into the rootfs");
	return 0;
}

static int replace_root(struct container *container, struct error *err)
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
	return 0;
}

int rootfs_chroot(int root, struct error *err)
{
	if (fchdir(root) < 0 || chroot(".") < 0)
		return error_errno(err, "runtime-failed", "chroot into the rootfs");
	return 0;
}

int rootfs_enter(struct container *container, struct error *err)
{
	bool own = container->spec.namespaces[NS_MOUNT].use != NS_HOST;
	if ((own ? replace_root(container, err) : rootfs_chroot(container->root, err)) < 0)
		return -1;
	if (chdir("/") < 0)
		return error_errno(err, "runtime-failed", "enter /");
	close(steal_fd(&container->root));
	return 0;
}
