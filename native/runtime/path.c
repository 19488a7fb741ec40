#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

#define LINKS_MAX 40

static int open_or_make(int root, const char *path, bool directory, int links);

/* A link whose target is missing: its target is made instead, still inside the root. */
static int make_link_target(int root, int parent, const char *parent_path, const char *name, bool directory, int links)
{
	char target[PATH_MAX], next[PATH_MAX];
	ssize_t n = readlinkat(parent, name, target, sizeof target - 1);
	if (n < 0 && errno == EINVAL)
		return openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (n < 0)
		return -1;
	target[n] = '\0';
	int length = target[0] == '/' ? snprintf(next, sizeof next, "%s", target)
				      : snprintf(next, sizeof next, "%s/%s", parent_path, target);
	if (length >= (int)sizeof next || links >= LINKS_MAX) {
		errno = links >= LINKS_MAX ? ELOOP : ENAMETOOLONG;
		return -1;
	}
	return open_or_make(root, next, directory, links + 1);
}

static int make_entry(int parent, const char *name, bool directory)
{
	if (directory)
		return mkdirat(parent, name, 0755);
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int open_or_make(int root, const char *path, bool directory, int links)
{
	int found = open_in_root(root, path, O_PATH, 0);
	if (found >= 0 || errno != ENOENT)
		return found;
	auto_free char *parent_path = strdup(path);
	if (!parent_path)
		return -1;
	size_t length = strlen(parent_path);
	while (length > 0 && parent_path[length - 1] == '/')
		parent_path[--length] = '\0';
	char *slash = strrchr(parent_path, '/');
	const char *name = slash ? slash + 1 : parent_path;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	auto_free char *name_copy = strdup(name);
	if (!name_copy)
		return -1;
	if (slash)
		*slash = '\0';
	else
		*parent_path = '\0';
	const char *up = *parent_path ? parent_path : "/";
	auto_close int parent = open_or_make(root, up, true, links);
	if (parent < 0)
		return -1;
	if (make_entry(parent, name_copy, directory) < 0) {
		if (errno != EEXIST)
			return -1;
		return make_link_target(root, parent, up, name_copy, directory, links);
	}
	return openat(parent, name_copy, O_PATH | O_NOFOLLOW | O_CLOEXEC | (directory ? O_DIRECTORY : 0));
}

int path_open_or_make(int root, const char *path, bool directory)
{
	return open_or_make(root, path, directory, 0);
}

int path_open_last(int root, const char *path)
{
	return open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
}

int path_open_no_symlinks(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	for (;;) {
		int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return fd;
	}
}

char *path_clean(const char *path)
{
	char *out = malloc(strlen(path) + 2);
	if (!out)
		return NULL;
	size_t n = 0;
	while (*path) {
		while (*path == '/')
			path++;
		size_t length = strcspn(path, "/");
		if (length == 2 && strncmp(path, "..", 2) == 0) {
			while (n > 0 && out[--n] != '/')
				;
		} else if (length > 0 && !(length == 1 && *path == '.')) {
			out[n++] = '/';
			memcpy(out + n, path, length);
			n += length;
		}
		path += length;
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}
