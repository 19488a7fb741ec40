/* Maps of sparse files, where they are outside of the PAX header. */
#ifndef CORACLE_LAYER_TAR_SPARSE_H
#define CORACLE_LAYER_TAR_SPARSE_H

#include <stdbool.h>

#include "tar_reader.h"

/* The old GNU format: the map lies in the header and in blocks that follow it. Sets the entry's size. */
int tar_sparse_read_gnu(struct tar_reader *reader, const struct tar_header *header, struct tar_entry *entry,
			struct error *err);
/* A PAX entry, whose map is known already or (format 1.0) comes before its data. */
int tar_sparse_read_pax(struct tar_reader *reader, bool map_in_data, struct tar_entry *entry, struct error *err);

#endif
