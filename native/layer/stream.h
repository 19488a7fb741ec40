/*
 * The blob on its way in: a thread reads, hashes and decompresses while the caller unpacks what it delivers, so both
 * take their own processor. A bounded ring of buffers lies between them.
 */
#ifndef CORACLE_LAYER_STREAM_H
#define CORACLE_LAYER_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define DIGEST_MAX 72 /* "sha256:" and 64 hex digits and NUL */

struct stream;

struct stream_options {
	int fd;
	int64_t offset;    /* reads max_size bytes from there on, and leaves the file position alone; -1: reads to the end */
	int follow_fd;     /* while it is open, fd is a file that still grows: a byte comes in when it has. -1: fd is complete */
	int copy_fd;       /* gets the bytes as they are read, -1 for none */
	uint64_t max_size; /* of the bytes read; more is a size-mismatch. 0: any */
};

struct stream_summary {
	uint64_t size, diff_size;
	char digest[DIGEST_MAX], diff_id[DIGEST_MAX];
	const char *compression; /* none, gzip or zstd */
};

struct stream *stream_start(const struct stream_options *options, struct error *err);
/* The next uncompressed bytes, valid until the next call; *length is 0 at the end. Source of a tar_reader. */
int stream_next(void *stream, const uint8_t **data, size_t *length, struct error *err);
/*
 * Reads to the end whatever is left. The summary is filled in also on failure (its digest is that of all bytes read;
 * the diffID holds only when the stream was taken to its end).
 */
int stream_finish(struct stream *stream, struct stream_summary *summary, struct error *err);
void stream_free(struct stream *stream);

#endif
