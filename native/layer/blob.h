/* A blob on standard input that must be what its descriptor says. */
#ifndef CORACLE_LAYER_BLOB_H
#define CORACLE_LAYER_BLOB_H

#include <stdbool.h>

#include "error.h"
#include "stream.h"

struct blob_options {
	const char *digest, *diff_id; /* expected, or NULL */
	unsigned long long size;
	bool has_size;
};

/* Is it a digest? For the argument of an option. */
int blob_check_digest(const char *option, const char *digest, struct error *err);
/*
 * To be called when the unpacking of its contents has ended with `result` (and err, if that is -1): reads the rest and
 * compares. A blob that isn't the one asked for is reported as such, however its contents failed.
 */
int blob_finish(struct stream *stream, const struct blob_options *options, int result, struct stream_summary *summary,
		struct error *err);

#endif
