/* /dev of the container. Everything is made relative to descriptors: an image can hold links anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "idmap.h"
#include "mount.h"
#include "path.h"
#include "rootfs.h"

static const struct device_spec default_devices[] = {
	{"/dev/null", 'c', 1, 3, 0666, 0, 0},	 {"/dev/zero", 'c', 1, 5, 0666, 0, 0},
	{"/dev/full", 'c', 1, 7, 0666, 0, 0},	 {"/dev/random", 'c', 1, 8, 0666, 0, 0},
	{"/dev/urandom", 'c', 1, 9, 0666, 0, 0}, {"/dev/tty", 'c', 5, 0, 0666, 0, 0},
};

#define DEFAULT_DEVICES (sizeof default_devices / sizeof *default_devices)

/* `*name` is malloc'ed. */
static int open_parent(const struct container *container, const char *path, char **name, struct error *err)
{
	auto_free char *clean = path_clean(path);
	const char *slash = clean ? strrchr(clean, '/') : NULL;
	auto_free char *parent = slash ? strndup(clean, slash == clean ? 1 : (size_t)(slash - clean)) : NULL;
	*name = slash ? strdup(slash + 1) : NULL;
	if (!parent || !*name)
		return error_errno(err, "runtime-failed", "make device %s", path);
	int fd = path_open_no_symlinks(container->root, parent, O_PATH | O_DIRECTORY);
	if (fd < 0 && errno == ENOENT)
		fd = path_open_or_make(container->root, parent, true);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "open %s in the rootfs", parent);
	return fd;
}

static bool is_device(int fd, const struct device_spec *device)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return false;
	if (device->type == 'p')
		return S_ISFIFO(st.st_mode);
	return (device->type == 'b' ? S_ISBLK(st.st_mode) : S_ISCHR(st.st_mode)) &&
	       st.st_rdev == makedev(device->major, device->minor);
}

static int open_host_device(const struct device_spec *device)
{
	int fd = open(device->path, O_PATH | O_CLOEXEC);
	if (fd >= 0 && is_device(fd, device))
		return fd;
	if (fd >= 0)
		close(fd);
	char path[64];
	snprintf(path, sizeof path, "/dev/%s/%u:%u", device->type == 'b' ? "block" : "char", device->major,
		 device->minor);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd >= 0 && is_device(fd, device))
		return fd;
	if (fd >= 0)
		close(fd);
	errno = ENODEV;
	return -1;
}

/* `index`: its name where devices_prepare() has made it. */
static int open_device(const struct container *container, const struct device_spec *device, size_t index)
{
	char name[16];
	if (container->devices < 0)
		return open_host_device(device);
	snprintf(name, sizeof name, "%zu", index);
	return openat(container->devices, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int bind_device(int parent, const char *name, const struct device_spec *device, int from, struct error *err)
{
	auto_close int source = from;
	if (source < 0)
		return error_errno(err, "runtime-failed", "find device %s (%u:%u) on the host", device->path,
				   device->major, device->minor);
	int made = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (made >= 0)
		close(made);
	else if (errno != EEXIST)
		return error_errno(err, "runtime-failed", "make %s in the rootfs", device->path);
	auto_close int target = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_close int fd = target < 0 ? -1 : mount_clone(source, false);
	if (fd < 0 || mount_set_attributes(fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, MS_PRIVATE, false) < 0 ||
	    mount_attach(fd, target) < 0)
		return error_errno(err, "runtime-failed", "bind device %s", device->path);
	return 0;
}

/* EPERM when this user namespace may not make device nodes. What is there instead of a default device is replaced. */
static int make_node(int parent, const char *name, const struct device_spec *device, bool replace, struct error *err)
{
	mode_t type = device->type == 'b' ? S_IFBLK : device->type == 'p' ? S_IFIFO : S_IFCHR;
	dev_t number = device->type == 'p' ? 0 : makedev(device->major, device->minor);
	int rc = mknodat(parent, name, type | device->mode, number);
	if (rc < 0 && errno == EEXIST) {
		auto_close int existing = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (existing >= 0 && is_device(existing, device))
			return 0;
		if (!replace)
			return error_set(err, "bad-config", "linux.devices: %s is there already, and something else",
					 device->path);
		if (unlinkat(parent, name, 0) == 0)
			rc = mknodat(parent, name, type | device->mode, number);
	}
	if (rc < 0)
		return error_errno(err, "runtime-failed", "make device %s", device->path);
	/* The mode is as asked for: umask is 0. A chmod by name would follow a link that somebody put there meanwhile. */
	if (fchownat(parent, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "runtime-failed", "set the owner of device %s", device->path);
	return 0;
}

static int make_device(const struct container *container, const struct device_spec *device, size_t index,
		       bool *may_mknod, struct error *err)
{
	auto_free char *name = NULL;
	auto_close int parent = open_parent(container, device->path, &name, err);
	if (parent < 0)
		return -1;
	if (*may_mknod || device->type == 'p') {
		if (make_node(parent, name, device, index < DEFAULT_DEVICES, err) == 0)
			return 0;
		if (err->errnum != EPERM || device->type == 'p')
			return -1;
		*may_mknod = false;
	}
	if (container->spec.namespaces[NS_MOUNT].use == NS_HOST)
		return error_set(err, "runtime-failed",
				 "make device %s: not permitted in this user namespace, and to bind the host's takes a "
				 "mount namespace of the container's",
				 device->path);
	return bind_device(parent, name, device, open_device(container, device, index), err);
}

static int make_links(const struct container *container, struct error *err)
{
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"},     {"/proc/self/fd/0", "stdin"}, {"/proc/self/fd/1", "stdout"},
		{"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"},
		{"/proc/kcore", "core"},
	};
	auto_close int dev = path_open_no_symlinks(container->root, "/dev", O_PATH | O_DIRECTORY);
	if (dev < 0)
		return error_errno(err, "runtime-failed", "open /dev in the rootfs");
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i][0], dev, links[i][1]) < 0 && errno != EEXIST)
			return error_errno(err, "runtime-failed", "make link /dev/%s", links[i][1]);
	return 0;
}

static bool is_configured(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->device_count; i++)
		if (strcmp(spec->devices[i].path, path) == 0)
			return true;
	for (size_t i = 0; i < spec->mount_count; i++)
		if (strcmp(spec->mounts[i].destination, path) == 0)
			return true;
	return false;
}

/* A bind of the host's /dev has all there is to have, and is not ours to write to. */
static bool host_dev(const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (spec->mounts[i].bind && strcmp(spec->mounts[i].destination, "/dev") == 0)
			return true;
	return false;
}

/* Always the link to the container's own: the host's, bound, would give terminals of the host. */
static bool is_ptmx(const struct device_spec *device)
{
	return strcmp(device->path, "/dev/ptmx") == 0;
}

/* All devices that the container is to have, by number; NULL beyond the last. `*wanted`: this one is ours to make. */
static const struct device_spec *device_at(const struct spec *spec, size_t i, bool *wanted)
{
	if (i >= DEFAULT_DEVICES + spec->device_count)
		return NULL;
	const struct device_spec *device = i < DEFAULT_DEVICES ? &default_devices[i] : &spec->devices[i - DEFAULT_DEVICES];
	*wanted = i < DEFAULT_DEVICES ? !is_configured(spec, device->path) : !is_ptmx(device);
	return device;
}

int devices_prepare(struct container *container, struct error *err)
{
	static char *const options[] = {"nr_blocks=1", "mode=0755", NULL};
	const struct spec *spec = &container->spec;
	const struct device_spec *device;
	bool wanted;
	if (geteuid() != 0 || spec->namespaces[NS_USER].use != NS_NEW || host_dev(spec))
		return 0;
	auto_close int fd = mount_filesystem("tmpfs", "tmpfs", options, err);
	if (fd < 0)
		return err->errnum == EPERM ? 0 : -1;
	for (size_t i = 0; (device = device_at(spec, i, &wanted)); i++) {
		char name[16];
		if (!wanted || device->type == 'p')
			continue;
		snprintf(name, sizeof name, "%zu", i);
		if (mknodat(fd, name, device->type == 'b' ? S_IFBLK : S_IFCHR, makedev(device->major, device->minor)) < 0)
			return errno == EPERM ? 0 : error_errno(err, "runtime-failed", "make device %s", device->path);
		if (fchownat(fd, name, idmap_host_id(&spec->uids, device->uid), idmap_host_id(&spec->gids, device->gid),
			     AT_SYMLINK_NOFOLLOW) < 0 ||
		    fchmodat(fd, name, device->mode, 0) < 0)
			return error_errno(err, "runtime-failed", "set owner and mode of device %s", device->path);
	}
	container->devices = steal_fd(&fd);
	return 0;
}

/* Hooks look for files in the bundle. */
static int detach_prepared(struct container *container, struct error *err)
{
	char path[32];
	auto_close int devices = steal_fd(&container->devices);
	snprintf(path, sizeof path, "/proc/self/fd/%d", devices);
	return umount2(path, MNT_DETACH) == 0 ? 0
					      : error_errno(err, "runtime-failed", "unmount the container's devices");
}

int devices_make(struct container *container, struct error *err)
{
	const struct spec *spec = &container->spec;
	const struct device_spec *device;
	bool wanted, may_mknod = true;
	if (host_dev(spec))
		return 0;
	/* Before Linux 6.15 only what is attached can be cloned. */
	if (container->devices >= 0 && mount_attach(container->devices, container->bundle) < 0)
		return error_errno(err, "runtime-failed", "mount the container's devices");
	mode_t mask = umask(0);
	for (size_t i = 0; (device = device_at(spec, i, &wanted)); i++)
		if (wanted && make_device(container, device, i, &may_mknod, err) < 0)
			return -1;
	umask(mask);
	if (container->devices >= 0 && detach_prepared(container, err) < 0)
		return -1;
	return make_links(container, err);
}
