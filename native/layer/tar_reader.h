/* Reads a tar archive from a source of bytes, entry by entry. */
#ifndef CORACLE_LAYER_TAR_READER_H
#define CORACLE_LAYER_TAR_READER_H

#include "tar_entry.h"
#include "tar_header.h"

/* Delivers the next bytes, valid until the next call; *length 0 at the end. 0 or -1. */
typedef int tar_source(void *context, const uint8_t **data, size_t *length, struct error *err);

struct tar_reader {
	tar_source *source;
	void *context;
	const uint8_t *data; /* what is left of the source's last bytes */
	size_t available;
	uint8_t block[TAR_BLOCK]; /* a block that lies across two deliveries */
	char *globals;            /* records of all global PAX headers so far */
	size_t globals_length;
	uint64_t data_left; /* of the current entry, in the archive */
	unsigned padding;
	size_t segment; /* of the current entry, with segment_done of its bytes delivered */
	uint64_t segment_done;
};

void tar_reader_init(struct tar_reader *reader, tar_source *source, void *context);
/* Reads the next entry's header into the (empty or used) entry. 1: there is one, 0: end of the archive, -1: error. */
int tar_next(struct tar_reader *reader, struct tar_entry *entry, struct error *err);
/* The next piece of the entry's data and its offset in the file. 1: there is one, 0: no more, -1: error. */
int tar_data(struct tar_reader *reader, const struct tar_entry *entry, const uint8_t **data, size_t *length,
	     uint64_t *offset, struct error *err);
void tar_reader_free(struct tar_reader *reader);

/* Raw bytes of the archive. */
int tar_read(struct tar_reader *reader, void *buffer, size_t count, struct error *err);
int tar_skip(struct tar_reader *reader, uint64_t count, struct error *err);
/* From the end of data of that size to the next block. */
unsigned tar_padding(uint64_t size);

#endif
