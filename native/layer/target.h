/*
 * The directory that is unpacked into. Parents of entries are resolved as if it were `/` (openat2 RESOLVE_IN_ROOT), so
 * symbolic links in them lead inside; the last component is never followed.
 */
#ifndef CORACLE_LAYER_TARGET_H
#define CORACLE_LAYER_TARGET_H

#include <stdbool.h>

#include "error.h"
#include "name_list.h"

struct target {
	int root;
	/* Whiteouts are in overlay form here: a directory that takes the place of one hides what is below it. */
	const char *opaque_xattr; /* user.overlay.opaque or trusted.overlay.opaque, NULL: no layer */
	/*
	 * Entries come directory by directory: the last one's parent stays open. It cannot go stale, for an entry can
	 * only replace what is in its own parent, and with that the open one is its parent.
	 */
	char *parent_path;
	int parent;
	bool parent_special; /* children inherit group or ACL from it */
	struct name_list implicit; /* directories made for the sake of what is in them */
	struct name_list opaque;
};

void target_init(struct target *target, int root, const char *opaque_xattr);
void target_free(struct target *target);
/*
 * Opens the parent directory of a clean path, missing ones are made (0755, root's). Returns a descriptor that belongs to
 * the target and lasts until the next call, or -1; *base is the last component.
 */
int target_parent(struct target *target, const char *path, const char **base, struct error *err);
/* Makes `fd` (which it takes over) the open parent: a directory just made, whose children come next. */
void target_enter(struct target *target, const char *path, int fd);
/* Closes the open parent. */
void target_forget(struct target *target);
/* Removes whatever `base` is in the directory. *whiteout tells whether it was one. */
int target_clear(const struct target *target, int parent, const char *base, bool *whiteout, struct error *err);
/* Marks a directory as opaque, for the kernel's overlay and for fuse-overlayfs. */
int target_set_opaque(struct target *target, int directory, const char *path, struct error *err);

#endif
