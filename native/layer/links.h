/* Files seen so far that have more than one name. */
#ifndef CORACLE_LAYER_LINKS_H
#define CORACLE_LAYER_LINKS_H

#include <stddef.h>
#include <sys/stat.h>

struct link {
	dev_t device;
	ino_t inode;
	char *path; /* first name; NULL: the place is free */
};

struct links {
	struct link *table;
	size_t count, room;
};

/* The name under which the file was added before; NULL: it is new, and added now (if memory allows). */
const char *links_find_or_add(struct links *links, const struct stat *st, const char *path);
void links_free(struct links *links);

#endif
