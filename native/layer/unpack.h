/* Puts archive entries into a target directory. */
#ifndef CORACLE_LAYER_UNPACK_H
#define CORACLE_LAYER_UNPACK_H

#include <stdbool.h>

#include "error.h"
#include "metadata.h"
#include "tar_reader.h"
#include "target.h"

struct unpack_directory;

struct unpack {
	struct target target;
	struct ownership ownership;
	const char *prefix; /* clean path in the target that everything goes below, "" for the target itself */
	bool keep_kinds;    /* refuse to replace a directory by something else, or something else by a directory */
	struct unpack_directory *directories; /* whose times are set at the end */
	size_t directory_count;
};

void unpack_init(struct unpack *unpack, int root, const char *opaque_xattr);
void unpack_free(struct unpack *unpack);
/* The clean path below the target that a name in the archive means, malloc'ed; NULL: error. */
char *unpack_path(const struct unpack *unpack, const char *name, struct error *err);
/* Makes one entry at such a path; with the root's own, "", only its metadata are set. */
int unpack_entry(struct unpack *unpack, struct tar_reader *reader, const struct tar_entry *entry, const char *path,
		 struct error *err);
/* Sets the times of directories, which later entries had changed. */
int unpack_finish(struct unpack *unpack, struct error *err);

#endif
