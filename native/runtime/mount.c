#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cleanup.h"

/* The kernel's own words on a failed mount, one record a read; they say more than the errno. */
static void append_kernel_log(int fs, struct error *err)
{
	char record[256];
	ssize_t n = read(fs, record, sizeof record - 1);
	if (n <= 2)
		return;
	record[n] = '\0';
	record[strcspn(record, "\n")] = '\0';
	size_t length = strlen(err->message);
	snprintf(err->message + length, sizeof err->message - length, " (%s)", record + 2);
}

static int configure(int fs, const char *source, char *const *data)
{
	if (source && *source && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return -1;
	for (; data && *data; data++) {
		char *equals = strchr(*data, '=');
		if (!equals) {
			if (fsconfig(fs, FSCONFIG_SET_FLAG, *data, NULL, 0) < 0)
				return -1;
			continue;
		}
		auto_free char *key = strndup(*data, (size_t)(equals - *data));
		if (!key || fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0) < 0)
			return -1;
	}
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int mount_filesystem(const char *type, const char *source, char *const *data, struct error *err)
{
	auto_close int fs = fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return error_errno(err, "runtime-failed", "open file system type %s", type);
	if (configure(fs, source, data) < 0) {
		error_errno(err, "runtime-failed", "configure a %s mount", type);
		append_kernel_log(fs, err);
		return -1;
	}
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0) {
		error_errno(err, "runtime-failed", "make a %s mount", type);
		append_kernel_log(fs, err);
	}
	return fd;
}

int mount_clone(int fd, bool recursive)
{
	unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
	return open_tree(fd, "", flags);
}

int mount_set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
	return mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

int mount_attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
