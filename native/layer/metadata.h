/* Owner, mode, extended attributes and times: from files into entries and back. */
#ifndef CORACLE_LAYER_METADATA_H
#define CORACLE_LAYER_METADATA_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "error.h"
#include "tar_entry.h"

/* Whose new files are, and what can be done about it. */
struct ownership {
	uid_t own_uid, own_gid;
	bool ignore;     /* only one id is mapped, or we are nobody to change owners: everything stays ours */
	bool lenient;    /* what belongs to ids that aren't mapped stays ours, too */
	bool change;     /* everything becomes uid:gid, whatever the entry says */
	uid_t uid, gid;
};

void ownership_init(struct ownership *ownership);

/*
 * Sets owner, mode and attributes of an open file or directory. `fresh`: it was just made with the entry's mode in a
 * directory that passes nothing on, so that most need no call at all.
 */
int metadata_set(const struct ownership *ownership, int fd, const struct tar_entry *entry, bool fresh, const char *path,
		 struct error *err);
/* The same, and the times, for what cannot be opened: links, devices, pipes. */
int metadata_set_at(const struct ownership *ownership, int parent, const char *name, const struct tar_entry *entry,
		    bool fresh, const char *path, struct error *err);
int metadata_set_times(int fd, const struct tar_entry *entry, const char *path, struct error *err);

/*
 * Fills in an entry's type, metadata and link from a file: open (name NULL) or `name` in the directory fd. Returns 1,
 * 0 for what no archive can hold (a socket), -1: error. Hard links are the caller's to find.
 */
int metadata_read(int fd, const char *name, const struct stat *st, struct tar_entry *entry, const char *path,
		  struct error *err);

#endif
