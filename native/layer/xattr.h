/* Extended attributes. */
#ifndef CORACLE_LAYER_XATTR_H
#define CORACLE_LAYER_XATTR_H

#include <stdbool.h>

#include "error.h"
#include "tar_entry.h"

/* Does the attribute belong to an overlay file system? Those are never taken from archives nor put into them. */
bool xattr_is_overlay(const char *name);
/* Sets one on an open file (fd, name NULL) or on what `name` is in the directory fd, not following it. What the file
 * system or our privileges don't allow is left out, as Podman does. */
int xattr_set(int fd, const char *name, const struct tar_xattr *xattr, struct error *err);
/* Reads all but the overlay's into the entry, sorted by name; arguments as for xattr_set. */
int xattr_read(int fd, const char *name, struct tar_entry *entry, struct error *err);
/* Removes one from an open file; it is no error that it isn't there. */
void xattr_remove(int fd, const char *name);
/* Is the directory marked opaque by the kernel's overlay or by fuse-overlayfs? */
bool xattr_is_opaque(int directory);

#endif
