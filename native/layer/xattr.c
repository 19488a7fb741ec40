#include "xattr.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "report.h"

bool xattr_is_overlay(const char *name)
{
	static const char *const prefixes[] = {"user.overlay.", "trusted.overlay.", "user.fuseoverlayfs.",
					       "trusted.fuseoverlayfs."};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* There are no calls relative to a directory before Linux 6.13: the descriptor's link in /proc leads there. */
static int proc_path(char path[PATH_MAX], int fd, const char *name)
{
	int n = name ? snprintf(path, PATH_MAX, "/proc/self/fd/%d/%s", fd, name)
		     : snprintf(path, PATH_MAX, "/proc/self/fd/%d", fd);
	return n < PATH_MAX ? 0 : (errno = ENAMETOOLONG, -1);
}

int xattr_set(int fd, const char *name, const struct tar_xattr *xattr, struct error *err)
{
	char path[PATH_MAX];
	int result;
	if (name)
		result = proc_path(path, fd, name) < 0 ? -1 : lsetxattr(path, xattr->name, xattr->value, xattr->length, 0);
	else
		result = fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0);
	if (result == 0 || errno == ENOTSUP || errno == EPERM || strcmp(xattr->name, "security.selinux") == 0)
		return 0;
	return fail_errno(err, "set the extended attribute %s of %zu bytes", xattr->name, xattr->length);
}

static ssize_t list(int fd, const char *path, char *names, size_t size)
{
	return path ? llistxattr(path, names, size) : flistxattr(fd, names, size);
}

static ssize_t get(int fd, const char *path, const char *name, void *value, size_t size)
{
	return path ? lgetxattr(path, name, value, size) : fgetxattr(fd, name, value, size);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

int xattr_read(int fd, const char *name, struct tar_entry *entry, struct error *err)
{
	char path_buffer[PATH_MAX], *path = name ? path_buffer : NULL;
	if (path && proc_path(path, fd, name) < 0)
		return fail_errno(err, "read extended attributes");
	/* Most files have none; of an O_PATH descriptor they cannot be read. */
	ssize_t room = list(fd, path, NULL, 0);
	if (room == 0 || (room < 0 && (errno == ENOTSUP || errno == EPERM || errno == EBADF)))
		return 0;
	if (room < 0)
		return fail_errno(err, "read extended attributes");
	auto_free char *names = malloc((size_t)room);
	auto_free char *value = malloc(XATTR_SIZE_MAX);
	if (!names || !value)
		return fail_errno(err, "read extended attributes");
	room = list(fd, path, names, (size_t)room);
	if (room < 0)
		return fail_errno(err, "read extended attributes");
	for (const char *p = names; p < names + room; p += strlen(p) + 1) {
		if (xattr_is_overlay(p))
			continue;
		ssize_t n = get(fd, path, p, value, XATTR_SIZE_MAX);
		if (n < 0 && (errno == ENODATA || errno == EPERM || errno == ENOTSUP || errno == EACCES))
			continue;
		if (n < 0 || tar_entry_set_xattr(entry, p, value, (size_t)n) < 0)
			return fail_errno(err, "read the extended attribute %s", p);
	}
	if (entry->xattr_count > 1)
		qsort(entry->xattrs, entry->xattr_count, sizeof *entry->xattrs, compare);
	return 0;
}

void xattr_remove(int fd, const char *name)
{
	fremovexattr(fd, name);
}

bool xattr_is_opaque(int directory)
{
	static const char *const names[] = {"user.overlay.opaque", "trusted.overlay.opaque", "user.fuseoverlayfs.opaque"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char value = 0;
		if (fgetxattr(directory, names[i], &value, 1) == 1 && value == 'y')
			return true;
	}
	return false;
}
