#include "links.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing; the room is a power of two and at most half full. */
static struct link *find(const struct links *links, dev_t device, ino_t inode)
{
	size_t at = (size_t)((inode ^ (device << 20)) * 0x9e3779b97f4a7c15ULL >> 20) & (links->room - 1);
	while (links->table[at].path && (links->table[at].device != device || links->table[at].inode != inode))
		at = (at + 1) & (links->room - 1);
	return &links->table[at];
}

static int grow(struct links *links)
{
	struct links bigger = {.count = links->count, .room = links->room ? links->room * 2 : 256};
	bigger.table = calloc(bigger.room, sizeof *bigger.table);
	if (!bigger.table)
		return -1;
	for (size_t i = 0; i < links->room; i++) {
		const struct link *link = &links->table[i];
		if (link->path)
			*find(&bigger, link->device, link->inode) = *link;
	}
	free(links->table);
	*links = bigger;
	return 0;
}

const char *links_find_or_add(struct links *links, const struct stat *st, const char *path)
{
	if (links->count * 2 >= links->room && grow(links) < 0)
		return NULL;
	struct link *link = find(links, st->st_dev, st->st_ino);
	if (link->path)
		return link->path;
	*link = (struct link){.device = st->st_dev, .inode = st->st_ino, .path = strdup(path)};
	links->count += link->path != NULL;
	return NULL;
}

void links_free(struct links *links)
{
	for (size_t i = 0; i < links->room; i++)
		free(links->table[i].path);
	free(links->table);
	*links = (struct links){0};
}
