/* Decompression of a layer: gzip, zstd, xz, bzip2 or none, told apart by the first bytes. */
#ifndef CORACLE_LAYER_DECODER_H
#define CORACLE_LAYER_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "error.h"

#define DECODER_MAGIC_SIZE 6

struct decoder {
	enum { DECODER_NONE, DECODER_GZIP, DECODER_ZSTD, DECODER_XZ, DECODER_BZIP2 } kind;
	bool inside; /* a member, frame or stream has begun and not ended */
	bool began; /* so has one before */
	bool padding; /* zeros follow the last one */
	z_stream gzip;
	ZSTD_DStream *zstd;
	lzma_stream xz;
	bz_stream bzip2;
};

/* Takes the first bytes of the stream (fewer than DECODER_MAGIC_SIZE only when there are no more). */
int decoder_init(struct decoder *decoder, const uint8_t *magic, size_t length, struct error *err);
/* Moves bytes from *in to *out until one of them is used up, and both pointers and counts along. */
int decoder_step(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		 struct error *err);
/* To be called at the end of input: is the compressed stream complete? */
int decoder_end(struct decoder *decoder, struct error *err);
void decoder_free(struct decoder *decoder);
/* "none", "gzip" … */
const char *decoder_name(const struct decoder *decoder);

#endif
