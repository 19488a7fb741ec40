#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "mounts.h"

/* The kernel's limit on one fsconfig(2) string, NUL included. */
#define FSCONFIG_MAX 256
#define LOWER_MAX 500
/* Room for `lowerdir=` in the page of options that mount(2) takes. */
#define LOWERDIR_MAX 3840

/* Descriptors of directories whose paths an overlay option can't hold; they must live until the mount is made. */
struct pins {
	int fds[LOWER_MAX + 2];
	size_t count;
};

static void unpin(struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		close(pins->fds[i]);
}

/* Name of the directory through a descriptor: short whatever its path, and free of `:` and `,`. */
static int pin(struct pins *pins, const char *path, char name[32], struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "mount-failed", "open %s", path);
	pins->fds[pins->count++] = fd;
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	return 0;
}

/* What the kernel said about a failed mount is read from its context. */
static int mount_error(struct error *err, int context, const char *what, const char *value)
{
	int errnum = errno;
	char log[512] = "";
	ssize_t n = read(context, log, sizeof log - 1);
	if (n > 0)
		log[strcspn(log, "\n")] = '\0';
	errno = errnum;
	return error_errno(err, "mount-failed", "mount overlay: %s %s%s%s%s", what, value, n > 0 ? " (" : "",
			   n > 2 ? log + 2 : "", n > 0 ? ")" : "");
}

static int configure(int context, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);
}

static int set_directory(int context, struct pins *pins, const char *key, const char *path, struct error *err)
{
	char name[32];
	/* Old parsers of upperdir and workdir unescape. */
	if (strlen(path) >= FSCONFIG_MAX || strpbrk(path, ":,\\")) {
		if (pin(pins, path, name, err) < 0)
			return -1;
		return configure(context, key, name) < 0 ? mount_error(err, context, key, path) : 0;
	}
	return configure(context, key, path) < 0 ? mount_error(err, context, key, path) : 0;
}

/* Returns 1 when the kernel (before 6.5) has no `lowerdir+`. */
static int set_lower(int context, struct pins *pins, const json_t *lower, struct error *err)
{
	for (size_t i = 0; i < json_array_size(lower); i++) {
		if (set_directory(context, pins, "lowerdir+", json_string_value(json_array_get(lower, i)), err) == 0)
			continue;
		return i == 0 && err->errnum == EINVAL ? 1 : -1;
	}
	return 0;
}

/* Mount attributes among the options; 0 for an option of overlay itself. */
static unsigned attribute(const char *option)
{
	if (strcmp(option, "nodev") == 0)
		return MOUNT_ATTR_NODEV;
	if (strcmp(option, "nosuid") == 0)
		return MOUNT_ATTR_NOSUID;
	if (strcmp(option, "noexec") == 0)
		return MOUNT_ATTR_NOEXEC;
	return 0;
}

static int set_options(int context, const json_t *options, unsigned *attributes, struct error *err)
{
	for (size_t i = 0; i < json_array_size(options); i++) {
		const char *option = json_string_value(json_array_get(options, i));
		if (attribute(option) != 0) {
			*attributes |= attribute(option);
			continue;
		}
		auto_free char *key = strdup(option);
		char *value = key ? strchr(key, '=') : NULL;
		if (value)
			*value++ = '\0';
		if (!key || configure(context, key, value) < 0)
			return mount_error(err, context, "option", option);
	}
	return 0;
}

static int make_mount(int context, const char *target, unsigned attributes, struct error *err)
{
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mount_error(err, context, "on", target);
	auto_close int mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
	if (mount < 0 || syscall(SYS_move_mount, mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return mount_error(err, context, "on", target);
	return 0;
}

/* One string of all layers fits neither fsconfig's limit nor, with full paths, the page of mount(2). */
static int mount_old_way(const struct rootfs_config *rootfs, struct pins *pins, struct error *err)
{
	char options[4096], upper[32], work[32], name[32];
	size_t length = (size_t)snprintf(options, sizeof options, "lowerdir=");
	for (size_t i = 0; i < json_array_size(rootfs->lower); i++) {
		if (pin(pins, json_string_value(json_array_get(rootfs->lower, i)), name, err) < 0)
			return -1;
		length += (size_t)snprintf(options + length, sizeof options - length, "%s%s", i > 0 ? ":" : "", name);
		if (length > LOWERDIR_MAX)
			return error_set(err, "mount-failed", "mount overlay: this kernel can't take %zu layers",
					 json_array_size(rootfs->lower));
	}
	if (rootfs->upper) {
		if (pin(pins, rootfs->upper, upper, err) < 0 || pin(pins, rootfs->work, work, err) < 0)
			return -1;
		length += (size_t)snprintf(options + length, sizeof options - length, ",upperdir=%s,workdir=%s", upper, work);
	}
	unsigned long flags = 0;
	for (size_t i = 0; i < json_array_size(rootfs->options); i++) {
		const char *option = json_string_value(json_array_get(rootfs->options, i));
		unsigned is = attribute(option);
		flags |= is == MOUNT_ATTR_NODEV ? MS_NODEV : is == MOUNT_ATTR_NOSUID ? MS_NOSUID : is ? MS_NOEXEC : 0;
		if (!is && length < sizeof options)
			length += (size_t)snprintf(options + length, sizeof options - length, ",%s", option);
	}
	if (length >= sizeof options)
		return error_set(err, "mount-failed", "mount overlay: options are too long");
	if (mount("overlay", rootfs->target, "overlay", flags, options) < 0)
		return error_errno(err, "mount-failed", "mount overlay on %s", rootfs->target);
	return 0;
}

static int overlay_mount(const struct rootfs_config *rootfs, struct pins *pins, struct error *err)
{
	if (json_array_size(rootfs->lower) > LOWER_MAX)
		return error_set(err, "mount-failed", "mount overlay: more than %d layers", LOWER_MAX);
	auto_close int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	if (context < 0 && errno == ENODEV)
		return error_errno(err, "mount-failed", "mount overlay: the kernel has no overlay filesystem");
	/* A seccomp filter around us may not know the new calls. */
	if (context < 0)
		return mount_old_way(rootfs, pins, err);
	unsigned attributes = 0;
	int rc = set_lower(context, pins, rootfs->lower, err);
	if (rc == 1)
		return mount_old_way(rootfs, pins, err);
	if (rc < 0 || (rootfs->upper && (set_directory(context, pins, "upperdir", rootfs->upper, err) < 0 ||
					 set_directory(context, pins, "workdir", rootfs->work, err) < 0)))
		return -1;
	if (set_options(context, rootfs->options, &attributes, err) < 0)
		return -1;
	return make_mount(context, rootfs->target, attributes, err);
}

static int make_target(const char *path, bool directory)
{
	if (directory)
		return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : 0;
}

static int mount_subpath(const struct rootfs_config *config, struct error *err)
{
	struct stat st;
	auto_close int root = open(config->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int found = root < 0 ? -1 : open_in_root(root, config->path, O_PATH, 0);
	if (found < 0 || fstat(found, &st) < 0)
		return error_errno(err, "mount-failed", "open subpath %s of %s", config->path, config->source);
	if (make_target(config->target, S_ISDIR(st.st_mode)) < 0)
		return error_errno(err, "mount-failed", "make %s", config->target);
	auto_close int tree = (int)syscall(SYS_open_tree, found, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, config->target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_errno(err, "mount-failed", "bind subpath %s of %s", config->path, config->source);
	return 0;
}

static int mount_filesystem(const struct rootfs_config *config, struct error *err)
{
	char data[4096] = "";
	size_t length = 0;
	for (size_t i = 0; i < json_array_size(config->options); i++) {
		const char *option = json_string_value(json_array_get(config->options, i));
		length += (size_t)snprintf(data + length, sizeof data - length, "%s%s", i > 0 ? "," : "", option);
		if (length >= sizeof data)
			return error_set(err, "mount-failed", "mount %s: options are too long", config->type);
	}
	if (mount(config->source, config->target, config->type, MS_NOSUID | MS_NODEV, data) < 0)
		return error_errno(err, "mount-failed", "mount a file system of type %s (options `%s`) from %s", config->type,
				   data, config->source);
	return 0;
}

static int mount_beside(const struct rootfs_config *config, struct error *err)
{
	if (config->driver == ROOTFS_SUBPATH)
		return mount_subpath(config, err);
	if (make_target(config->target, true) < 0)
		return error_errno(err, "mount-failed", "make %s", config->target);
	if (config->driver == ROOTFS_ADOPT)
		return mount_adopt(config->source, config->pid, config->target, err);
	return mount_filesystem(config, err);
}

int rootfs_mount(const struct rootfs_config *rootfs, pid_t *helper, struct error *err)
{
	if (rootfs->driver == ROOTFS_NONE)
		return 0;
	if (rootfs->driver >= ROOTFS_SUBPATH)
		return mount_beside(rootfs, err);
	/* Two overlays of one upper directory would not see each other's changes. */
	if (is_mount_point(rootfs->target))
		return mount_bind(rootfs->target, err);
	if (rootfs->driver == ROOTFS_FUSE)
		return fuse_overlayfs_mount(rootfs, helper, err);
	struct pins pins = {.count = 0};
	int rc = overlay_mount(rootfs, &pins, err);
	unpin(&pins);
	return rc;
}

int rootfs_unmount(const struct rootfs_config *rootfs, struct error *err)
{
	if (rootfs->driver == ROOTFS_NONE)
		return 0;
	/* EINVAL: nothing is mounted there. */
	if (umount2(rootfs->target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return error_errno(err, "mount-failed", "unmount %s", rootfs->target);
	return 0;
}
