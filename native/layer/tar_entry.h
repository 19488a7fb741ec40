/* One member of a tar archive, whatever dialect described it. */
#ifndef CORACLE_LAYER_TAR_ENTRY_H
#define CORACLE_LAYER_TAR_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHARACTER_DEVICE = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	char *name;
	uint8_t *value;
	size_t length;
};

/* A run of data in a sparse file. */
struct tar_segment {
	uint64_t offset, length;
};

struct tar_entry {
	enum tar_type type;
	char *path, *link; /* as in the archive: to be cleaned before use; link is NULL where there is none */
	mode_t mode;       /* permission bits only */
	uint64_t uid, gid;
	struct timespec mtime;
	uint64_t size; /* of the file, holes included */
	unsigned device_major, device_minor;
	struct tar_xattr *xattrs;
	size_t xattr_count;
	bool sparse;
	struct tar_segment *segments;
	size_t segment_count;
};

void tar_entry_free(struct tar_entry *entry);
/* Sets, replaces or (value NULL) removes an extended attribute. 0 or -1 with errno ENOMEM. */
int tar_entry_set_xattr(struct tar_entry *entry, const char *name, const void *value, size_t length);
/* Appends a data run. 0 or -1 with errno ENOMEM. */
int tar_entry_add_segment(struct tar_entry *entry, uint64_t offset, uint64_t length);

#endif
