/* list: what is in the merged view of layers. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "overlay.h"
#include "path.h"
#include "report.h"
#include "walk.h"
#include "xattr.h"

/* A path of PATH_MAX bytes has no more levels. */
#define DEPTH_MAX 2048

/* A directory of the merged view: the layers that have something in it, topmost first. */
struct merged {
	int *layers;
	size_t count;
	int depth;
};

/* A name of it, and the topmost layer that has it. */
struct member {
	const char *name;
	size_t layer;
};

static int list_directory(const struct merged *directory, struct path *path, struct error *err);

static void merged_close(struct merged *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		close(directory->layers[i]);
	free(directory->layers);
}

/* What a directory in it is made of. `opaque`: the topmost layer's hides those below. */
static int merged_open(const struct merged *parent, const struct member *member, struct merged *child, bool *opaque,
		       struct error *err)
{
	*child = (struct merged){.layers = calloc(parent->count, sizeof(int)), .depth = parent->depth + 1};
	*opaque = false;
	if (!child->layers)
		return fail_errno(err, "list");
	for (size_t i = member->layer; i < parent->count; i++) {
		int fd = openat(parent->layers[i], member->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			break;
		if (fd < 0)
			return fail_errno(err, "open directory %s", member->name);
		child->layers[child->count++] = fd;
		if (xattr_is_opaque(fd)) {
			*opaque = i == member->layer;
			break;
		}
	}
	return 0;
}

static const char *type_of(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
		return "directory";
	case S_IFREG:
		return "file";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return overlay_is_whiteout(st) ? "whiteout" : "device";
	case S_IFBLK:
		return "device";
	case S_IFIFO:
		return "fifo";
	default:
		return "socket";
	}
}

static void print_member(const char *path, const struct stat *st, bool opaque)
{
	printf("{\"path\":");
	report_string(stdout, path);
	printf(",\"type\":\"%s\",\"mode\":%u,\"uid\":%u,\"gid\":%u,\"size\":%lld,\"mtime\":\"%lld.%09ld\"", type_of(st),
	       st->st_mode, st->st_uid, st->st_gid, (long long)st->st_size, (long long)st->st_mtim.tv_sec,
	       st->st_mtim.tv_nsec);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf(",\"device\":%llu", (unsigned long long)st->st_rdev);
	printf("%s}\n", opaque ? ",\"opaque\":true" : "");
}

static int list_member(const struct merged *directory, const struct member *member, struct path *path,
		       struct error *err)
{
	struct stat st;
	if (fstatat(directory->layers[member->layer], member->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, "look at %s", member->name);
	long before = path_push(path, member->name, err);
	if (before < 0)
		return -1;
	int result = 0;
	if (S_ISDIR(st.st_mode)) {
		struct merged child;
		bool opaque;
		result = merged_open(directory, member, &child, &opaque, err);
		if (result == 0) {
			print_member(path_text(path), &st, opaque);
			result = list_directory(&child, path, err);
		}
		merged_close(&child);
	} else {
		print_member(path_text(path), &st, false);
	}
	path_pop(path, before);
	return result;
}

static int compare(const void *a, const void *b)
{
	const struct member *one = a, *other = b;
	int order = strcmp(one->name, other->name);
	return order != 0 ? order : one->layer < other->layer ? -1 : 1;
}

static int list_members(const struct merged *directory, const struct name_list *names, struct path *path,
			struct error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < directory->count; i++)
		count += names[i].count;
	auto_free struct member *members = calloc(count + 1, sizeof *members);
	if (!members)
		return fail_errno(err, "list");
	struct member *next = members;
	for (size_t i = 0; i < directory->count; i++) {
		for (size_t j = 0; j < names[i].count; j++)
			*next++ = (struct member){.name = names[i].names[j], .layer = i};
	}
	qsort(members, count, sizeof *members, compare);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(members[i].name, members[i - 1].name) == 0)
			continue;
		if (list_member(directory, &members[i], path, err) < 0)
			return -1;
	}
	return 0;
}

static int list_directory(const struct merged *directory, struct path *path, struct error *err)
{
	if (directory->depth > DEPTH_MAX)
		return error_set(err, "io-error", "directories are nested too deep: %.80s…", path_text(path));
	auto_free struct name_list *names = calloc(directory->count + 1, sizeof *names);
	if (!names)
		return fail_errno(err, "list");
	int result = 0;
	for (size_t i = 0; i < directory->count && result == 0; i++) {
		if (read_names(directory->layers[i], &names[i]) < 0)
			result = fail_errno(err, "read directory %s", path_text(path));
	}
	if (result == 0)
		result = list_members(directory, names, path, err);
	for (size_t i = 0; i < directory->count; i++)
		name_list_free(&names[i]);
	return result;
}

int list_command(int argc, char **argv, struct error *err)
{
	if (argc < 2)
		return error_set(err, "usage", "list needs a directory: coracle-layer list DIR…");
	struct merged root = {.layers = calloc((size_t)argc, sizeof(int))};
	struct path path = {0};
	int result = root.layers ? 0 : fail_errno(err, "list");
	for (int i = 1; i < argc && result == 0; i++) {
		int fd = option_directory(argv[i], err);
		if (fd < 0)
			result = -1;
		else
			root.layers[root.count++] = fd;
	}
	if (result == 0)
		result = list_directory(&root, &path, err);
	free(path.text);
	merged_close(&root);
	return result;
}
