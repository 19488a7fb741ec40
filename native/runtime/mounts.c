/* mounts[] of the spec, in order. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "copyup.h"
#include "file.h"
#include "mount.h"
#include "path.h"
#include "sync.h"

static bool has_type(const struct mount_spec *mount, const char *type)
{
	return !mount->bind && mount->type && strcmp(mount->type, type) == 0;
}

int mount_source_flags(const struct mount_spec *mount)
{
	return O_PATH | O_CLOEXEC | (mount->copy_symlink || mount->source_nofollow ? O_NOFOLLOW : 0);
}

int mounts_open_sources(struct container *container, struct error *err)
{
	for (size_t i = 0; i < container->spec.mount_count; i++) {
		struct mount_spec *mount = &container->spec.mounts[i];
		if (!mount->bind || mount->remount)
			continue;
		if (mount->mapped_fd >= 0)
			continue;
		mount->source_fd = mount_clone_foreign(mount, &mount->source_detached);
		if (!mount->source_detached)
			mount->source_fd = openat(container->bundle, mount->source, mount_source_flags(mount));
		/* In a user namespace nobody has the rights over others' directories that our caller has. */
		if (mount->source_fd < 0 && !mount->source_detached && errno == EACCES &&
		    container->spec.namespaces[NS_USER].use != NS_HOST &&
		    sync_send_source(container->sync, i) == 0)
			mount->source_fd = receive_fd(container->sync);
		if (mount->source_fd < 0 && !(mount->optional && errno == ENOENT))
			return error_errno(err, "runtime-failed", "open %s, to be mounted at %s", mount->source,
					   mount->destination);
	}
	return 0;
}

/* What may lie over procfs without deceiving a program that trusts it (the list of runc). */
static bool may_cover_proc(const char *path)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
		"/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled",
	};
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (strcmp(allowed[i], path) == 0)
			return true;
	return false;
}

static bool on_procfs(int fd)
{
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static int check_proc_target(const struct mount_spec *mount, int target, struct error *err)
{
	auto_free char *clean = path_clean(mount->destination);
	if (!clean)
		return error_errno(err, "runtime-failed", "mount %s", mount->destination);
	if (has_type(mount, "proc") || has_type(mount, "sysfs"))
		return 0;
	if (strcmp(clean, "/proc") == 0 && !(mount->bind && on_procfs(mount->source_fd)))
		return error_set(err, "bad-config", "mount %s: only a procfs may be mounted at /proc",
				 mount->destination);
	if (strcmp(clean, "/proc") != 0 && on_procfs(target) && !may_cover_proc(clean))
		return error_set(err, "bad-config", "mount %s: may not cover this part of /proc", mount->destination);
	return 0;
}

/*
 * Security files are written through procfs and read from sysfs: where these lie must not depend on a link in the
 * image.
 */
static int open_target(const struct container *container, const struct mount_spec *mount, bool directory,
		       struct error *err)
{
	int fd;
	if (has_type(mount, "proc") || has_type(mount, "sysfs")) {
		fd = path_open_no_symlinks(container->root, mount->destination, O_PATH | O_DIRECTORY);
		if (fd < 0 && errno == ENOENT)
			fd = path_open_or_make(container->root, mount->destination, true);
	} else {
		fd = mount->target_nofollow ? path_open_last(container->root, mount->destination) : -1;
		if (!mount->target_nofollow || (fd < 0 && errno == ENOENT))
			fd = path_open_or_make(container->root, mount->destination, directory);
	}
	if (fd < 0)
		return error_errno(err, "runtime-failed", "open mount point %s in the rootfs", mount->destination);
	return fd;
}

static int set_attributes(const struct mount_spec *mount, int fd, struct error *err)
{
	const uint64_t access_times = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	uint64_t set = mount->attr_set, clear = mount->attr_clear;
	if (set | clear) {
		int rc = mount_set_attributes(fd, set, clear, 0, false);
		/* What the mount got from outside our user namespace stays; but what isolates must be set. */
		if (rc < 0 && errno == EPERM)
			rc = mount_set_attributes(fd, set & ~access_times, 0, 0, false);
		if (rc < 0)
			return error_errno(err, "runtime-failed", "set the options of mount %s", mount->destination);
	}
	if ((mount->rec_attr_set | mount->rec_attr_clear) &&
	    mount_set_attributes(fd, mount->rec_attr_set, mount->rec_attr_clear, 0, true) < 0)
		return error_errno(err, "runtime-failed", "set the recursive options of mount %s", mount->destination);
	if (mount->propagation) {
		if (mount_set_attributes(fd, 0, 0, mount->propagation, mount->propagation_recursive) < 0)
			return error_errno(err, "runtime-failed", "set the propagation of mount %s", mount->destination);
	} else if (mount->bind && mount_set_attributes(fd, 0, 0, MS_PRIVATE, true) < 0) {
		return error_errno(err, "runtime-failed", "make mount %s private", mount->destination);
	}
	return 0;
}

/* Recursively read-only but for the top: a user's own cgroups lie below the host's /sys. */
static int clone_host_tree(const char *path, struct error *err)
{
	auto_close int source = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = source < 0 ? -1 : mount_clone(source, true);
	if (fd < 0)
		return error_errno(err, "runtime-failed", "bind the host's %s", path);
	if (mount_set_attributes(fd, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, true) < 0)
		return error_errno(err, "runtime-failed", "make the host's %s read-only", path);
	mount_set_attributes(fd, 0, MOUNT_ATTR_RDONLY, 0, false);
	return steal_fd(&fd);
}

static int make_sysfs(const struct mount_spec *mount, struct error *err)
{
	int fd = mount_filesystem("sysfs", "sysfs", mount->data, err);
	/* A network namespace that is not of our user namespace. */
	if (fd < 0 && err->errnum == EPERM)
		fd = clone_host_tree("/sys", err);
	return fd;
}

static int make_cgroup(struct mount_spec *mount, struct error *err)
{
	int fd = mount_filesystem("cgroup2", "cgroup2", mount->data, err);
	if (fd < 0) {
		fd = clone_host_tree("/sys/fs/cgroup", err);
		mount->attr_set |= MOUNT_ATTR_RDONLY;
		mount->attr_clear &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	return fd;
}

static bool has_data(const struct mount_spec *mount, const char *prefix)
{
	for (char **option = mount->data; option && *option; option++)
		if (strncmp(*option, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

/* Those of `data` but for some, and one more; to be freed, not what is in it. */
static char **change_data(char *const *data, const char *without, char *more)
{
	size_t count = 0, n = 0;
	while (data[count])
		count++;
	char **changed = calloc(count + 2, sizeof *changed);
	for (; changed && *data; data++)
		if (!without || strncmp(*data, without, strlen(without)) != 0)
			changed[n++] = *data;
	if (changed)
		changed[n] = more;
	return changed;
}

/* With one id mapped there is no group 5 (tty) to give the terminals to. */
static int make_devpts(const struct mount_spec *mount, struct error *err)
{
	int fd = mount_filesystem("devpts", "devpts", mount->data, err);
	if (fd >= 0 || err->errnum != EINVAL)
		return fd;
	auto_free char **data = change_data(mount->data, "gid=", NULL);
	return data ? mount_filesystem("devpts", "devpts", data, err) : -1;
}

/* Without a mode it has the one of what it covers, if there was something: `covered`, else 0. */
static int make_tmpfs(const struct mount_spec *mount, mode_t covered, struct error *err)
{
	char mode[32];
	if (covered == 0)
		return mount_filesystem(mount->type, mount->source, mount->data, err);
	snprintf(mode, sizeof mode, "mode=%o", covered & 07777);
	auto_free char **data = change_data(mount->data, NULL, mode);
	if (!data)
		return error_errno(err, "runtime-failed", "mount %s", mount->destination);
	return mount_filesystem(mount->type, mount->source, data, err);
}

static int make_detached(struct mount_spec *mount, mode_t covered, struct error *err)
{
	if (mount->mapped_fd >= 0)
		return steal_fd(&mount->mapped_fd);
	if (mount->bind && mount->source_detached)
		return steal_fd(&mount->source_fd);
	if (mount->bind) {
		int fd = mount_clone(mount->source_fd, mount->recursive);
		if (fd < 0)
			error_errno(err, "runtime-failed", "bind %s", mount->source);
		return fd;
	}
	if (has_type(mount, "sysfs"))
		return make_sysfs(mount, err);
	if (has_type(mount, "cgroup") || has_type(mount, "cgroup2"))
		return make_cgroup(mount, err);
	if (has_type(mount, "devpts"))
		return make_devpts(mount, err);
	if (has_type(mount, "tmpfs"))
		return make_tmpfs(mount, covered, err);
	return mount_filesystem(mount->type, mount->source, mount->data, err);
}

static int copy_symlink(const struct container *container, const struct mount_spec *mount, struct error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(mount->source_fd, "", target, sizeof target - 1);
	if (n < 0)
		return error_errno(err, "runtime-failed", "read link %s", mount->source);
	target[n] = '\0';
	auto_free char *path = path_clean(mount->destination);
	if (!path)
		return error_errno(err, "runtime-failed", "copy link %s", mount->source);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	auto_close int parent = path_open_or_make(container->root, *path ? path : "/", true);
	if (parent < 0)
		return error_errno(err, "runtime-failed", "open %s in the rootfs", path);
	if (symlinkat(target, parent, slash + 1) < 0 && errno != EEXIST)
		return error_errno(err, "runtime-failed", "make link %s in the rootfs", mount->destination);
	return 0;
}

static int remount(const struct container *container, const struct mount_spec *mount, struct error *err)
{
	auto_close int target = open_in_root(container->root, mount->destination, O_PATH, 0);
	if (target < 0)
		return error_errno(err, "runtime-failed", "open %s in the rootfs", mount->destination);
	struct mount_spec attributes = *mount;
	attributes.bind = false;
	return set_attributes(&attributes, target, err);
}

/* 0: there is nothing. */
static mode_t mode_of(const struct container *container, const char *path)
{
	struct stat st;
	auto_close int fd = open_in_root(container->root, path, O_PATH, 0);
	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_mode : 0;
}

static bool over_root(const struct mount_spec *mount)
{
	auto_free char *clean = path_clean(mount->destination);
	return clean && strcmp(clean, "/") == 0;
}

/* What is mounted over the rootfs is the rootfs from then on. */
static int use_as_root(struct container *container, int mount, struct error *err)
{
	int root = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (root < 0)
		return error_errno(err, "runtime-failed", "keep what is mounted at /");
	close(container->root);
	container->root = root;
	return 0;
}

static int make_mount(struct container *container, struct mount_spec *mount, struct error *err)
{
	struct stat st = {.st_mode = S_IFDIR};
	if (mount->remount)
		return remount(container, mount, err);
	if (mount->bind && fstat(mount->mapped_fd >= 0 ? mount->mapped_fd : mount->source_fd, &st) < 0)
		return error_errno(err, "runtime-failed", "stat %s", mount->source);
	if (S_ISLNK(st.st_mode) && mount->copy_symlink)
		return copy_symlink(container, mount, err);
	/* Before the mount point is made, whose own mode says nothing. */
	mode_t covered = has_type(mount, "tmpfs") && !has_data(mount, "mode=") ? mode_of(container, mount->destination) : 0;
	auto_close int target = open_target(container, mount, S_ISDIR(st.st_mode), err);
	if (target < 0 || check_proc_target(mount, target, err) < 0)
		return -1;
	auto_close int fd = make_detached(mount, covered, err);
	if (fd < 0)
		return error_prefix(err, "mount %s", mount->destination);
	bool own_owner = has_data(mount, "uid=") || has_data(mount, "gid=");
	if (mount->copy_up && copy_up(target, fd, own_owner, covered == 0, err) < 0)
		return error_prefix(err, "copy the contents of %s", mount->destination);
	bool seal = has_type(mount, "tmpfs") && (mount->attr_set & MOUNT_ATTR_RDONLY);
	if (seal)
		mount->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (set_attributes(mount, fd, err) < 0)
		return -1;
	if (mount_attach(fd, target) < 0)
		return error_errno(err, "runtime-failed", "mount %s at %s", mount->source ? mount->source : mount->type,
				   mount->destination);
	if (over_root(mount) && use_as_root(container, fd, err) < 0)
		return -1;
	if (seal)
		mount->seal_fd = steal_fd(&fd);
	return 0;
}

int mounts_seal(struct container *container, struct error *err)
{
	for (size_t i = 0; i < container->spec.mount_count; i++) {
		struct mount_spec *mount = &container->spec.mounts[i];
		if (mount->seal_fd < 0)
			continue;
		int rc = mount_set_attributes(mount->seal_fd, MOUNT_ATTR_RDONLY, 0, 0, false);
		close(steal_fd(&mount->seal_fd));
		if (rc < 0)
			return error_errno(err, "runtime-failed", "make mount %s read-only", mount->destination);
	}
	return 0;
}

int mounts_make(struct container *container, struct error *err)
{
	for (size_t i = 0; i < container->spec.mount_count; i++) {
		struct mount_spec *mount = &container->spec.mounts[i];
		if (mount->bind && !mount->remount && mount->source_fd < 0 && mount->mapped_fd < 0)
			continue;
		int rc = make_mount(container, mount, err);
		if (mount->source_fd >= 0)
			close(steal_fd(&mount->source_fd));
		if (rc < 0 && !mount->optional)
			return -1;
	}
	return 0;
}
