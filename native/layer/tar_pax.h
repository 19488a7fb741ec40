/* PAX extended headers: POSIX keywords, SCHILY and LIBARCHIVE extended attributes, GNU sparse files. */
#ifndef CORACLE_LAYER_TAR_PAX_H
#define CORACLE_LAYER_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "tar_entry.h"

/* What a PAX header says beyond the entry. */
struct tar_pax {
	bool has_size;
	uint64_t size;      /* of the data in the archive */
	bool map_in_data;   /* GNU sparse 1.0: the map precedes the data */
	bool has_real_size; /* GNU sparse: of the file */
	uint64_t real_size;
	bool sparse;
};

/* Applies the records of an extended header to an entry. A global one sets no more than owner, time and attributes. */
int tar_pax_apply(const char *records, size_t length, bool global, struct tar_entry *entry, struct tar_pax *pax,
		  struct error *err);

#endif
