#include "pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "metadata.h"
#include "report.h"

int pack_init(struct pack *pack, int fd, struct error *err)
{
	*pack = (struct pack){0};
	return tar_writer_init(&pack->writer, fd, err);
}

void pack_free(struct pack *pack)
{
	links_free(&pack->links);
	tar_writer_free(&pack->writer);
}

/* fd and name as for metadata_read; data is the open file or -1. */
static int pack_file(struct pack *pack, int fd, const char *base, int data, const struct stat *st, const char *name,
		     struct error *err)
{
	const char *first = st->st_nlink > 1 && !S_ISDIR(st->st_mode) ? links_find_or_add(&pack->links, st, name) : NULL;
	struct tar_entry entry = {.path = strdup(name)};
	int result = entry.path ? metadata_read(fd, base, st, &entry, name, err) : fail_errno(err, "archive %s", name);
	if (result > 0 && first) {
		free(entry.link);
		entry.type = TAR_HARDLINK;
		entry.link = strdup(first);
		result = entry.link ? 1 : fail_errno(err, "archive %s", name);
	}
	if (result > 0)
		result = tar_write_header(&pack->writer, &entry, err);
	if (result == 0 && entry.type == TAR_FILE && data >= 0)
		result = tar_write_file(&pack->writer, data, entry.size, name, err);
	tar_entry_free(&entry);
	return result < 0 ? -1 : 0;
}

int pack_open(struct pack *pack, int fd, const struct stat *st, const char *name, struct error *err)
{
	return pack_file(pack, fd, NULL, fd, st, name, err);
}

int pack_entry(struct pack *pack, const struct walk_entry *entry, const char *name, struct error *err)
{
	if (S_ISSOCK(entry->st.st_mode))
		return 0;
	if (entry->directory >= 0)
		return pack_open(pack, entry->directory, &entry->st, name, err);
	if (!S_ISREG(entry->st.st_mode))
		return pack_file(pack, entry->parent, entry->name, -1, &entry->st, name, err);
	/* A running container may exchange it for a pipe, or remove it. */
	auto_close int fd = openat(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : fail_errno(err, "open %s", entry->path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return fail_errno(err, "look at %s", entry->path);
	return S_ISREG(st.st_mode) ? pack_open(pack, fd, &st, name, err) : 0;
}
