/* Compression of a layer, with the digest of what comes out. */
#ifndef CORACLE_LAYER_ENCODER_H
#define CORACLE_LAYER_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha2.h>
#include <zlib.h>
#include <zstd.h>

#include "error.h"

enum encoder_kind { ENCODER_GZIP, ENCODER_ZSTD };

struct encoder {
	enum encoder_kind kind;
	int fd;
	uint64_t size;
	struct sha256_ctx digest;
	z_stream gzip;
	ZSTD_CStream *zstd;
};

/* Writes to fd. The level is the library's scale, 0 for its default. */
int encoder_init(struct encoder *encoder, enum encoder_kind kind, int level, int fd, struct error *err);
/* The same input gives the same output: no time, no name. */
int encoder_write(struct encoder *encoder, const uint8_t *data, size_t length, struct error *err);
int encoder_end(struct encoder *encoder, struct error *err);
void encoder_free(struct encoder *encoder);

#endif
