/* decompress: a layer's blob as the tar in it. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "blob.h"
#include "commands.h"
#include "file.h"
#include "report.h"
#include "sandbox.h"

/* At its end, or at `at`, which moves on: then others may write to other places of the same file. */
static int write_some(const uint8_t *data, size_t length, off_t *at)
{
	if (*at < 0)
		return write_full(STDOUT_FILENO, data, length) < 0 ? -1 : 0;
	while (length > 0) {
		ssize_t n = pwrite(STDOUT_FILENO, data, length, *at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
		*at += n;
	}
	return 0;
}

static int write_out(struct stream *stream, off_t at, struct error *err)
{
	const uint8_t *data;
	size_t length;
	for (;;) {
		if (stream_next(stream, &data, &length, err) < 0)
			return -1;
		if (length == 0)
			return 0;
		if (write_some(data, length, &at) < 0)
			return fail_errno(err, "write to standard output");
	}
}

int decompress_command(int argc, char **argv, struct error *err)
{
	static const struct option known[] = {
		{"digest", required_argument, NULL, 'g'},
		{"diff-id", required_argument, NULL, 'i'},
		{"at", required_argument, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	struct blob_options options = {0};
	int option;
	unsigned long long at;
	off_t place = -1;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'g')
			options.digest = optarg;
		else if (option == 'i')
			options.diff_id = optarg;
		else if (option_number("at", optarg, INT64_MAX / 2, &at, err) < 0)
			return -1;
		else
			place = (off_t)at;
	}
	if (option == -2 || blob_check_digest("digest", options.digest, err) < 0 ||
	    blob_check_digest("diff-id", options.diff_id, err) < 0)
		return -1;
	struct stream_options input = {.fd = STDIN_FILENO, .offset = -1, .follow_fd = -1, .copy_fd = -1};
	struct stream *stream = sandbox_files(-1, err) < 0 ? NULL : stream_start(&input, err);
	if (!stream)
		return -1;
	struct stream_summary summary;
	int result = blob_finish(stream, &options, write_out(stream, place, err), &summary, err);
	stream_free(stream);
	return result;
}
