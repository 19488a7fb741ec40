/* Names of archive entries and growing paths of a walk. */
#ifndef CORACLE_LAYER_PATH_H
#define CORACLE_LAYER_PATH_H

#include <stddef.h>

#include "error.h"

/*
 * Takes out `.`, `..` and empty components and leading and trailing slashes; the root is "". A relative name that climbs
 * out is unsafe-path; an absolute one stops at the root, as in a file system. The result is malloc'ed.
 */
char *path_from_name(const char *name, struct error *err);
/* Points behind the last slash; *parent_length is the length of what comes before it. */
const char *path_base(const char *path, size_t *parent_length);

/* A path that grows and shrinks with a walk; always NUL-terminated once something was pushed. */
struct path {
	char *text;
	size_t length, room;
};

/* Appends a component, after a slash where the path isn't empty. Returns the length before, for path_pop; -1: error. */
long path_push(struct path *path, const char *name, struct error *err);
void path_pop(struct path *path, long length);
const char *path_text(const struct path *path);

#endif
