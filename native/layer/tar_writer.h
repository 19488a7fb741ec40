/* Writes tar archives: ustar headers, and PAX headers for what they cannot say. The same entry gives the same bytes. */
#ifndef CORACLE_LAYER_TAR_WRITER_H
#define CORACLE_LAYER_TAR_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "tar_entry.h"

#define TAR_WRITER_BUFFER (256 * 1024)

struct tar_writer {
	int fd;
	size_t used;
	uint8_t *buffer;
};

int tar_writer_init(struct tar_writer *writer, int fd, struct error *err);
/* Writes an entry's header; its path is taken as it is, with a slash added for directories. */
int tar_write_header(struct tar_writer *writer, const struct tar_entry *entry, struct error *err);
/* Writes `size` bytes of a file as data of the entry before: cut or filled with zeros when it is another size by now. */
int tar_write_file(struct tar_writer *writer, int fd, uint64_t size, const char *path, struct error *err);
/* Writes the end of the archive and all that is still in the buffer. */
int tar_writer_end(struct tar_writer *writer, struct error *err);
void tar_writer_free(struct tar_writer *writer);

#endif
