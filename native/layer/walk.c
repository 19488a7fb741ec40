#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "path.h"
#include "report.h"

/* A path of PATH_MAX bytes has no more levels; each one holds a descriptor. */
#define DEPTH_MAX 2048

struct walker {
	walk_visit *visit;
	void *context;
	struct path path;
	struct error *err;
};

int read_names(int directory, struct name_list *names)
{
	auto_close int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_closedir DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
	if (!stream)
		return -1;
	steal_fd(&copy);
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(stream);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    name_list_add(names, entry->d_name) < 0)
			return -1;
	}
	if (errno != 0)
		return -1;
	name_list_sort(names);
	return 0;
}

static int walk_directory(struct walker *walker, int directory, int depth);

static int visit_name(struct walker *walker, int parent, const char *name, int depth)
{
	struct walk_entry entry = {.parent = parent, .name = name, .path = walker->path.text, .directory = -1};
	auto_close int fd = -1;
	if (fstatat(parent, name, &entry.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail_errno(walker->err, "look at %s", entry.path);
	if (S_ISDIR(entry.st.st_mode)) {
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
			return 0;
		if (fd < 0)
			return fail_errno(walker->err, "open directory %s", entry.path);
		entry.directory = fd;
	}
	int result = walker->visit(walker->context, &entry, walker->err);
	if (result != 0 || fd < 0)
		return result < 0 ? -1 : 0;
	return walk_directory(walker, fd, depth + 1);
}

static int walk_names(struct walker *walker, int directory, const struct name_list *names, int depth)
{
	for (size_t i = 0; i < names->count; i++) {
		long before = path_push(&walker->path, names->names[i], walker->err);
		if (before < 0 || visit_name(walker, directory, names->names[i], depth) < 0)
			return -1;
		path_pop(&walker->path, before);
	}
	return 0;
}

static int walk_directory(struct walker *walker, int directory, int depth)
{
	struct name_list names = {0};
	int result;
	if (depth > DEPTH_MAX)
		result = error_set(walker->err, "io-error", "directories are nested too deep: %.80s…",
				   path_text(&walker->path));
	else if (read_names(directory, &names) < 0)
		result = fail_errno(walker->err, "read directory %s", path_text(&walker->path));
	else
		result = walk_names(walker, directory, &names, depth);
	name_list_free(&names);
	return result;
}

int walk(int directory, walk_visit *visit, void *context, struct error *err)
{
	struct walker walker = {.visit = visit, .context = context, .err = err};
	int result = walk_directory(&walker, directory, 0);
	free(walker.path.text);
	return result;
}
