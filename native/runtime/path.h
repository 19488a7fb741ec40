/* Paths of the container, resolved inside its rootfs by descriptors only. */
#ifndef CORACLE_RUNTIME_PATH_H
#define CORACLE_RUNTIME_PATH_H

#include <stdbool.h>

/* O_PATH descriptor of `path` below `root`, made (with its parents) when missing. -1 with errno. */
int path_open_or_make(int root, const char *path, bool directory);
/* The same of what is there, a link itself if that is one. */
int path_open_last(int root, const char *path);
/* The same without following any symlink and without making anything. */
int path_open_no_symlinks(int root, const char *path, int flags);
/* Lexically cleaned absolute path in a malloc'ed string: no `.`, `..`, doubled or trailing slashes. */
char *path_clean(const char *path);

#endif
