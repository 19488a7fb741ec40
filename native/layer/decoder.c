#include "decoder.h"

#include <string.h>

static bool starts_with(const uint8_t *data, size_t length, const char *magic, size_t magic_length)
{
	return length >= magic_length && memcmp(data, magic, magic_length) == 0;
}

static int init_gzip(struct decoder *decoder, struct error *err)
{
	decoder->kind = DECODER_GZIP;
	/* 16: a gzip header is expected. */
	if (inflateInit2(&decoder->gzip, 15 + 16) != Z_OK)
		return error_set(err, "io-error", "cannot start gzip decompression: out of memory");
	return 0;
}

static int init_zstd(struct decoder *decoder, struct error *err)
{
	decoder->kind = DECODER_ZSTD;
	decoder->zstd = ZSTD_createDStream();
	if (!decoder->zstd)
		return error_set(err, "io-error", "cannot start zstd decompression: out of memory");
	return 0;
}

static int init_xz(struct decoder *decoder, struct error *err)
{
	/* xz -9 needs 65 MB; more than that only some take on purpose. */
	const uint64_t memory = 1ULL << 30;
	decoder->kind = DECODER_XZ;
	decoder->xz = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&decoder->xz, memory, 0) != LZMA_OK)
		return error_set(err, "io-error", "cannot start xz decompression: out of memory");
	return 0;
}

static int init_bzip2(struct decoder *decoder, struct error *err)
{
	decoder->kind = DECODER_BZIP2;
	decoder->bzip2 = (bz_stream){0};
	if (BZ2_bzDecompressInit(&decoder->bzip2, 0, 0) != BZ_OK)
		return error_set(err, "io-error", "cannot start bzip2 decompression: out of memory");
	return 0;
}

int decoder_init(struct decoder *decoder, const uint8_t *magic, size_t length, struct error *err)
{
	*decoder = (struct decoder){.kind = DECODER_NONE};
	if (starts_with(magic, length, "\x1f\x8b", 2))
		return init_gzip(decoder, err);
	if (starts_with(magic, length, "\x28\xb5\x2f\xfd", 4))
		return init_zstd(decoder, err);
	/* A skippable frame may come first (0x184D2A50 to 0x184D2A5F). */
	if (length >= 4 && (magic[0] & 0xf0) == 0x50 && starts_with(magic + 1, length - 1, "\x2a\x4d\x18", 3))
		return init_zstd(decoder, err);
	if (starts_with(magic, length, "\xfd" "7zXZ\0", 6))
		return init_xz(decoder, err);
	if (starts_with(magic, length, "BZh", 3))
		return init_bzip2(decoder, err);
	return 0;
}

/*
 * Streams may follow each other, and padding, as tapes and `dd` leave it, is no error to gzip either. Returns 1 where a
 * stream goes on or begins, which is then to be set up anew if `*again`; 0 where there is nothing to read.
 */
static int next_stream(struct decoder *decoder, const uint8_t **in, size_t *in_left, bool *again, struct error *err)
{
	*again = false;
	if (decoder->inside)
		return 1;
	while (*in_left > 0 && **in == 0 && (decoder->padding || decoder->began)) {
		decoder->padding = true;
		++*in;
		--*in_left;
	}
	if (*in_left == 0)
		return 0;
	if (decoder->padding)
		return error_set(err, "corrupt-archive", "bytes after the end of the %s stream", decoder_name(decoder));
	*again = decoder->began;
	decoder->inside = decoder->began = true;
	return 1;
}

static int step_gzip(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		     struct error *err)
{
	z_stream *z = &decoder->gzip;
	bool again;
	int ready = next_stream(decoder, in, in_left, &again, err);
	if (ready <= 0)
		return ready;
	if (again && inflateReset(z) != Z_OK)
		return error_set(err, "corrupt-archive", "gzip stream cannot be reset");
	z->next_in = (uint8_t *)*in;
	z->avail_in = (uInt)*in_left;
	z->next_out = *out;
	z->avail_out = (uInt)*out_left;
	int result = inflate(z, Z_NO_FLUSH);
	*in = z->next_in;
	*in_left = z->avail_in;
	*out = z->next_out;
	*out_left = z->avail_out;
	if (result == Z_STREAM_END)
		decoder->inside = false;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return error_set(err, "corrupt-archive", "gzip data is damaged: %s", z->msg ? z->msg : "unknown error");
	return 0;
}

static int step_zstd(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		     struct error *err)
{
	/* With nothing to read after a frame, zstd would tell how much it wants of a next one. */
	if (*in_left == 0 && !decoder->inside)
		return 0;
	ZSTD_inBuffer input = {*in, *in_left, 0};
	ZSTD_outBuffer output = {*out, *out_left, 0};
	size_t result = ZSTD_decompressStream(decoder->zstd, &output, &input);
	if (ZSTD_isError(result))
		return error_set(err, "corrupt-archive", "zstd data is damaged: %s", ZSTD_getErrorName(result));
	decoder->inside = result != 0;
	*in += input.pos;
	*in_left -= input.pos;
	*out += output.pos;
	*out_left -= output.pos;
	return 0;
}

static int step_xz(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		   struct error *err)
{
	lzma_stream *xz = &decoder->xz;
	bool again;
	int ready = next_stream(decoder, in, in_left, &again, err);
	if (ready <= 0)
		return ready;
	if (again) {
		lzma_end(xz);
		if (init_xz(decoder, err) < 0)
			return -1;
	}
	xz->next_in = *in;
	xz->avail_in = *in_left;
	xz->next_out = *out;
	xz->avail_out = *out_left;
	lzma_ret result = lzma_code(xz, LZMA_RUN);
	*in = xz->next_in;
	*in_left = xz->avail_in;
	*out = xz->next_out;
	*out_left = xz->avail_out;
	if (result == LZMA_STREAM_END)
		decoder->inside = false;
	else if (result == LZMA_MEMLIMIT_ERROR || result == LZMA_MEM_ERROR)
		return error_set(err, "corrupt-archive", "xz data takes too much memory to decompress");
	else if (result != LZMA_OK && result != LZMA_BUF_ERROR)
		return error_set(err, "corrupt-archive", "xz data is damaged");
	return 0;
}

static int step_bzip2(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		      struct error *err)
{
	bz_stream *bz = &decoder->bzip2;
	bool again;
	int ready = next_stream(decoder, in, in_left, &again, err);
	if (ready <= 0)
		return ready;
	if (again) {
		BZ2_bzDecompressEnd(bz);
		if (init_bzip2(decoder, err) < 0)
			return -1;
	}
	bz->next_in = (char *)*in;
	bz->avail_in = (unsigned int)*in_left;
	bz->next_out = (char *)*out;
	bz->avail_out = (unsigned int)*out_left;
	int result = BZ2_bzDecompress(bz);
	*in = (const uint8_t *)bz->next_in;
	*in_left = bz->avail_in;
	*out = (uint8_t *)bz->next_out;
	*out_left = bz->avail_out;
	if (result == BZ_STREAM_END)
		decoder->inside = false;
	else if (result != BZ_OK)
		return error_set(err, "corrupt-archive", "bzip2 data is damaged");
	return 0;
}

int decoder_step(struct decoder *decoder, const uint8_t **in, size_t *in_left, uint8_t **out, size_t *out_left,
		 struct error *err)
{
	if (decoder->kind == DECODER_GZIP)
		return step_gzip(decoder, in, in_left, out, out_left, err);
	if (decoder->kind == DECODER_ZSTD)
		return step_zstd(decoder, in, in_left, out, out_left, err);
	if (decoder->kind == DECODER_XZ)
		return step_xz(decoder, in, in_left, out, out_left, err);
	if (decoder->kind == DECODER_BZIP2)
		return step_bzip2(decoder, in, in_left, out, out_left, err);
	size_t n = *in_left < *out_left ? *in_left : *out_left;
	memcpy(*out, *in, n);
	*in += n;
	*in_left -= n;
	*out += n;
	*out_left -= n;
	return 0;
}

int decoder_end(struct decoder *decoder, struct error *err)
{
	if (decoder->inside)
		return error_set(err, "corrupt-archive", "the compressed stream ends too early");
	return 0;
}

void decoder_free(struct decoder *decoder)
{
	if (decoder->kind == DECODER_GZIP)
		inflateEnd(&decoder->gzip);
	if (decoder->kind == DECODER_ZSTD)
		ZSTD_freeDStream(decoder->zstd);
	if (decoder->kind == DECODER_XZ)
		lzma_end(&decoder->xz);
	if (decoder->kind == DECODER_BZIP2)
		BZ2_bzDecompressEnd(&decoder->bzip2);
}

const char *decoder_name(const struct decoder *decoder)
{
	static const char *const names[] = {
		[DECODER_NONE] = "none", [DECODER_GZIP] = "gzip",   [DECODER_ZSTD] = "zstd",
		[DECODER_XZ] = "xz",	 [DECODER_BZIP2] = "bzip2",
	};
	return names[decoder->kind];
}
