/* Puts archive entries into a target directory. */
#ifndef CORACLE_LAYER_UNPACK_H
#define CORACLE_LAYER_UNPACK_H

#include <stdbool.h>

#include "error.h"
#include "metadata.h"
#include "tar_reader.h"
#include "target.h"

/* Where the data of a file entry come from: `write` puts them into the new file. */
struct unpack_data {
	int (*write)(void *context, int fd, const struct tar_entry *entry, const char *path, struct error *err);
	void *context;
};

struct unpack {
	struct target target;
	struct ownership ownership;
	const char *prefix; /* clean path in the target that everything goes below, "" for the target itself */
	bool keep_kinds;    /* refuse to replace a directory by something else, or something else by a directory */
	struct name_list directories; /* that had entries: their times are set at the end */
	struct timespec *directory_times;
	unsigned long long entries, bytes; /* in the archive: all, and of its regular files */
};

void unpack_init(struct unpack *unpack, int root, const char *opaque_xattr);
void unpack_free(struct unpack *unpack);
/* The clean path below the target that a name in the archive means, malloc'ed; NULL: error. */
char *unpack_path(const struct unpack *unpack, const char *name, struct error *err);
/* Makes one entry at such a path; with the root's own, "", only its metadata are set. */
int unpack_entry(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry, const char *path,
		 struct error *err);
/* Sets the times of directories, which later entries had changed. */
int unpack_finish(struct unpack *unpack, struct error *err);

/* Decides about one entry of an archive. */
typedef int unpack_visit(struct unpack *unpack, const struct unpack_data *data, const struct tar_entry *entry,
			 struct error *err);
/* Reads a whole archive, shows each entry to `visit` and finishes. */
int unpack_archive(struct unpack *unpack, tar_source *source, void *context, unpack_visit *visit, struct error *err);

#endif
