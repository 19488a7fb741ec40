#include "blob.h"

#include <string.h>

int blob_check_digest(const char *option, const char *digest, struct error *err)
{
	static const char algorithm[] = "sha256:";
	size_t length = strlen(algorithm);
	if (digest && (strncmp(digest, algorithm, length) != 0 || strlen(digest) != length + 64 ||
		       strspn(digest + length, "0123456789abcdef") != 64))
		return error_set(err, "usage", "--%s needs sha256:<64 hex digits>, not %s", option, digest);
	return 0;
}

/* The diffID covers what follows the end of the archive, too. */
static int read_rest(struct stream *stream, struct error *err)
{
	const uint8_t *data;
	size_t length;
	do {
		if (stream_next(stream, &data, &length, err) < 0)
			return -1;
	} while (length > 0);
	return 0;
}

static int compare(const struct blob_options *options, const struct stream_summary *summary, struct error *err)
{
	if (options->has_size && summary->size != options->size)
		return error_set(err, "size-mismatch", "the blob has %llu bytes, not the expected %llu",
				 (unsigned long long)summary->size, options->size);
	if (options->digest && strcmp(options->digest, summary->digest) != 0)
		return error_set(err, "digest-mismatch", "the blob's digest is %s, not the expected %s", summary->digest,
				 options->digest);
	return 0;
}

int blob_finish(struct stream *stream, const struct blob_options *options, int result, struct stream_summary *summary,
		struct error *err)
{
	struct error late;
	if (result == 0)
		result = read_rest(stream, err);
	if (result < 0 && strcmp(err->code, "corrupt-archive") != 0)
		return -1;
	if ((stream_finish(stream, summary, &late) < 0 && strcmp(late.code, "corrupt-archive") != 0) ||
	    compare(options, summary, &late) < 0) {
		*err = late;
		return -1;
	}
	if (result < 0)
		return -1;
	if (options->diff_id && strcmp(options->diff_id, summary->diff_id) != 0)
		return error_set(err, "diffid-mismatch", "the layer's diffID is %s, not the expected %s",
				 summary->diff_id, options->diff_id);
	return 0;
}
