/* Walks a tree in byte order of names, following nothing. */
#ifndef CORACLE_LAYER_WALK_H
#define CORACLE_LAYER_WALK_H

#include <sys/stat.h>

#include "error.h"
#include "name_list.h"

struct walk_entry {
	int parent;
	const char *name;
	const char *path; /* from where the walk began */
	struct stat st;
	int directory; /* open for reading when it is one, else -1 */
};

/* Visits an entry, a directory before what is in it. Returns 0, 1 to leave out a directory's contents, or -1. */
typedef int walk_visit(void *context, const struct walk_entry *entry, struct error *err);

/* Visits everything in the open directory, but not itself. What vanishes meanwhile is passed over. */
int walk(int directory, walk_visit *visit, void *context, struct error *err);

/* The names in an open directory, sorted. 0 or -1 with errno. */
int read_names(int directory, struct name_list *names);

#endif
