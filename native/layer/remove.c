#include "remove.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "closer.h"
#include "commands.h"
#include "path.h"
#include "report.h"

/* Each level of the tree holds a descriptor and a stack frame. */
#define DEPTH_MAX 256

struct removal {
	int top; /* the directory under removal; what lies too deep is moved up here */
	unsigned moved;
	struct path path; /* of the directory that is being emptied */
	struct closer closer;
	struct error *err;
};

static int fail(struct removal *removal, const char *name)
{
	int errnum = errno;
	long before = path_push(&removal->path, name, removal->err);
	if (before < 0)
		return -1;
	/* What is mounted there isn't ours to delete. */
	bool mounted = errnum == EBUSY || errnum == EXDEV;
	errno = mounted ? EBUSY : errnum;
	fail_errno(removal->err, mounted ? "remove %s (a mount point?)" : "remove %s", path_text(&removal->path));
	path_pop(&removal->path, before);
	return -1;
}

/* Without going into another mount, be it of the same file system. */
static int open_within(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd;
	do
		fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

/* An owner without privileges may have taken the directory's permissions from themselves. */
static int open_directory(int parent, const char *name)
{
	int fd = open_within(parent, name);
	if (fd >= 0 || errno != EACCES)
		return fd;
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	    fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		return open_within(parent, name);
	errno = EACCES;
	return -1;
}

static int remove_directory(struct removal *removal, int parent, const char *name, int depth);

static int move_up(struct removal *removal, int parent, const char *name)
{
	char to[32];
	int result;
	do
		snprintf(to, sizeof to, ".deep-%u", removal->moved++);
	while ((result = renameat(parent, name, removal->top, to)) < 0 && (errno == EEXIST || errno == ENOTEMPTY));
	return result == 0 || errno == ENOENT ? 0 : fail(removal, name);
}

static int remove_entry(struct removal *removal, int parent, const char *name, bool directory, int depth)
{
	if (!directory) {
		if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno == EACCES && fchmod(parent, 0700) == 0 && unlinkat(parent, name, 0) == 0)
			return 0;
		/* It was exchanged for a directory, or its type wasn't known. */
		if (errno != EISDIR && errno != EPERM)
			return fail(removal, name);
	}
	if (depth >= DEPTH_MAX)
		return move_up(removal, parent, name);
	return remove_directory(removal, parent, name, depth + 1);
}

/* Removes what is in the directory; *count tells how many entries there were. */
static int empty_directory(struct removal *removal, DIR *directory, int depth, unsigned *count)
{
	*count = 0;
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(directory);
		if (!entry)
			return errno == 0 ? 0 : fail(removal, ".");
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		++*count;
		if (remove_entry(removal, dirfd(directory), entry->d_name, entry->d_type == DT_DIR, depth) < 0)
			return -1;
	}
}

/* Empties and removes an open directory. */
static int remove_opened(struct removal *removal, int parent, const char *name, DIR *directory, int depth)
{
	/* Entries may be added meanwhile, by others or by move_up: again until the kernel agrees that it is empty. */
	for (;;) {
		unsigned count;
		long before = path_push(&removal->path, name, removal->err);
		if (before < 0 || empty_directory(removal, directory, depth, &count) < 0)
			return -1;
		path_pop(&removal->path, before);
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno == EACCES && fchmod(parent, 0700) == 0 && unlinkat(parent, name, AT_REMOVEDIR) == 0)
			return 0;
		if (errno != ENOTEMPTY || count == 0)
			return fail(removal, name);
		rewinddir(directory);
	}
}

static int remove_directory(struct removal *removal, int parent, const char *name, int depth)
{
	auto_close int fd = open_directory(parent, name);
	if (fd < 0) {
		/* It has gone, or was exchanged for a file. */
		if (errno == ENOENT ||
		    ((errno == ENOTDIR || errno == ELOOP) && (unlinkat(parent, name, 0) == 0 || errno == ENOENT)))
			return 0;
		return fail(removal, name);
	}
	DIR *directory = fdopendir(fd);
	if (!directory)
		return fail(removal, name);
	if (depth == 0)
		removal->top = fd;
	steal_fd(&fd);
	int result = remove_opened(removal, parent, name, directory, depth);
	closer_take(&removal->closer, directory);
	return result;
}

int remove_at(int parent, const char *name, struct error *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return fail_errno(err, "remove %s", name);
	struct removal removal = {.top = -1, .err = err};
	int result = remove_directory(&removal, parent, name, 0);
	closer_end(&removal.closer);
	free(removal.path.text);
	return result;
}

/* The parent may lie behind links and mounts; the directory itself may not be one. */
static int remove_path(const char *argument, struct error *err)
{
	auto_free char *path = strdup(argument);
	if (!path)
		return fail_errno(err, "remove %s", argument);
	size_t length = strlen(path), parent_length;
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	const char *base = path_base(path, &parent_length);
	if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return error_set(err, "usage", "refusing to remove %s", argument);
	auto_free char *parent_path = strndup(path, parent_length + 1);
	if (!parent_path)
		return fail_errno(err, "remove %s", argument);
	auto_close int parent = open(base == path ? "." : parent_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "open %s", parent_path);
	if (remove_at(parent, base, err) == 0)
		return 0;
	return error_prefix(err, "%s", argument);
}

int remove_command(int argc, char **argv, struct error *err)
{
	if (argc < 2)
		return error_set(err, "usage", "remove needs a directory: coracle-layer remove DIR…");
	int result = 0;
	for (int i = 1; i < argc; i++) {
		struct error one;
		if (remove_path(argv[i], &one) == 0)
			continue;
		if (result == 0)
			*err = one;
		result = -1;
	}
	if (result == 0)
		puts("{}");
	return result;
}
