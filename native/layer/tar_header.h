/* The 512-byte header block of ustar, GNU, star and V7 archives. */
#ifndef CORACLE_LAYER_TAR_HEADER_H
#define CORACLE_LAYER_TAR_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "tar_entry.h"

#define TAR_BLOCK 512

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8];
	char type;
	char link[100], magic[6], version[2], user[32], group[32], device_major[8], device_minor[8];
	union {
		char prefix[155];
		struct {
			char prefix131[131], atime[12], ctime[12];
		} star;
		struct {
			char atime[12], ctime[12], offset[12], longnames[4], unused;
			char sparse[4][2][12];
			char extended, real_size[12];
		} gnu;
	};
	char trailer[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is one block");

bool tar_block_is_zero(const void *block);
/* Is the checksum right (as sum of unsigned, or as old tars did, of signed bytes)? */
bool tar_header_valid(const struct tar_header *header);
/* Octal digits or GNU base-256. */
int tar_number(const char *field, size_t length, int64_t *value);
/* Puts the header's fields into an empty entry; its type is left to the caller. */
int tar_header_parse(const struct tar_header *header, struct tar_entry *entry, struct error *err);
/* Sum of the bytes with the checksum field taken as blanks. */
unsigned tar_header_sum(const struct tar_header *header);

#endif
