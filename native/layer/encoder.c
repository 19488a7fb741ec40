#include "encoder.h"

#include "file.h"
#include "report.h"

#define OUT_SIZE (128 * 1024)
#define GZIP_WINDOW (15 + 16) /* largest window, gzip header */

int encoder_init(struct encoder *encoder, enum encoder_kind kind, int level, int fd, struct error *err)
{
	*encoder = (struct encoder){.kind = kind, .fd = fd};
	sha256_init(&encoder->digest);
	bool made;
	if (kind == ENCODER_GZIP) {
		made = deflateInit2(&encoder->gzip, level ? level : Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
				    Z_DEFAULT_STRATEGY) == Z_OK;
	} else {
		encoder->zstd = ZSTD_createCStream();
		made = encoder->zstd && !ZSTD_isError(ZSTD_initCStream(encoder->zstd, level ? level : ZSTD_CLEVEL_DEFAULT));
	}
	return made ? 0 : error_set(err, "usage", "cannot compress with level %d", level);
}

static int emit(struct encoder *encoder, const uint8_t *out, size_t length, struct error *err)
{
	if (write_full(encoder->fd, out, length) < 0)
		return fail_errno(err, "write the compressed layer");
	sha256_update(&encoder->digest, length, out);
	encoder->size += length;
	return 0;
}

static int gzip(struct encoder *encoder, const uint8_t *data, size_t length, int flush, struct error *err)
{
	uint8_t out[OUT_SIZE];
	z_stream *z = &encoder->gzip;
	z->next_in = (uint8_t *)data;
	z->avail_in = (uInt)length;
	do {
		z->next_out = out;
		z->avail_out = sizeof out;
		int rc = deflate(z, flush);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return error_set(err, "io-error", "compress: zlib error %d", rc);
		if (emit(encoder, out, sizeof out - z->avail_out, err) < 0)
			return -1;
	} while (z->avail_out == 0);
	return 0;
}

static int zstd(struct encoder *encoder, const uint8_t *data, size_t length, ZSTD_EndDirective end, struct error *err)
{
	uint8_t out[OUT_SIZE];
	ZSTD_inBuffer in = {data, length, 0};
	size_t left;
	do {
		ZSTD_outBuffer room = {out, sizeof out, 0};
		left = ZSTD_compressStream2(encoder->zstd, &room, &in, end);
		if (ZSTD_isError(left))
			return error_set(err, "io-error", "compress: %s", ZSTD_getErrorName(left));
		if (emit(encoder, out, room.pos, err) < 0)
			return -1;
	} while (end == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int encoder_write(struct encoder *encoder, const uint8_t *data, size_t length, struct error *err)
{
	return encoder->kind == ENCODER_GZIP ? gzip(encoder, data, length, Z_NO_FLUSH, err)
					     : zstd(encoder, data, length, ZSTD_e_continue, err);
}

int encoder_end(struct encoder *encoder, struct error *err)
{
	return encoder->kind == ENCODER_GZIP ? gzip(encoder, NULL, 0, Z_FINISH, err)
					     : zstd(encoder, NULL, 0, ZSTD_e_end, err);
}

void encoder_free(struct encoder *encoder)
{
	if (encoder->kind == ENCODER_GZIP)
		deflateEnd(&encoder->gzip);
	ZSTD_freeCStream(encoder->zstd);
}
