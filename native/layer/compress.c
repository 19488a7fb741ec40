/* compress: a layer's blob, compressed or not, as one of another compression. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "cleanup.h"
#include "commands.h"
#include "encoder.h"
#include "report.h"
#include "sandbox.h"

struct compress_options {
	struct blob_options blob;
	enum encoder_kind kind;
	unsigned long long level;
	const char *to;
};

static int parse(int argc, char **argv, struct compress_options *options, struct error *err)
{
	static const struct option known[] = {
		{"diff-id", required_argument, NULL, 'i'}, {"digest", required_argument, NULL, 'g'},
		{"format", required_argument, NULL, 'f'},  {"level", required_argument, NULL, 'l'},
		{"to", required_argument, NULL, 't'},	   {NULL, 0, NULL, 0},
	};
	int option;
	while ((option = option_next(argc, argv, known, err)) >= 0) {
		if (option == 'i')
			options->blob.diff_id = optarg;
		else if (option == 'g')
			options->blob.digest = optarg;
		else if (option == 't')
			options->to = optarg;
		else if (option == 'l' && option_number("level", optarg, 22, &options->level, err) < 0)
			return -1;
		else if (option == 'f' && strcmp(optarg, "gzip") != 0 && strcmp(optarg, "zstd") != 0)
			return error_set(err, "usage", "--format takes gzip or zstd, not %s", optarg);
		else if (option == 'f')
			options->kind = strcmp(optarg, "zstd") == 0 ? ENCODER_ZSTD : ENCODER_GZIP;
	}
	if (option == -2 || blob_check_digest("digest", options->blob.digest, err) < 0 ||
	    blob_check_digest("diff-id", options->blob.diff_id, err) < 0)
		return -1;
	return options->to ? 0 : error_set(err, "usage", "compress: --to is missing");
}

static int encode(struct stream *stream, struct encoder *encoder, struct error *err)
{
	const uint8_t *data;
	size_t length;
	for (;;) {
		if (stream_next(stream, &data, &length, err) < 0)
			return -1;
		if (length == 0)
			return encoder_end(encoder, err);
		if (encoder_write(encoder, data, length, err) < 0)
			return -1;
	}
}

static void report(struct encoder *encoder, const struct stream_summary *summary)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_digest(&encoder->digest, sizeof digest, digest);
	printf("{\"digest\":\"sha256:");
	for (size_t i = 0; i < sizeof digest; i++)
		printf("%02x", digest[i]);
	printf("\",\"size\":%llu,\"diffID\":\"%s\"}\n", (unsigned long long)encoder->size, summary->diff_id);
}

int compress_command(int argc, char **argv, struct error *err)
{
	struct compress_options options = {.kind = ENCODER_GZIP};
	if (parse(argc, argv, &options, err) < 0)
		return -1;
	auto_close int fd = open(options.to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(err, "make %s", options.to);
	struct encoder encoder;
	int result = encoder_init(&encoder, options.kind, (int)options.level, fd, err);
	struct stream_options input = {.fd = STDIN_FILENO, .offset = -1, .follow_fd = -1, .copy_fd = -1};
	struct stream *stream = result == 0 && sandbox_files(-1, err) == 0 ? stream_start(&input, err) : NULL;
	if (stream) {
		struct stream_summary summary;
		result = blob_finish(stream, &options.blob, encode(stream, &encoder, err), &summary, err);
		if (result == 0)
			report(&encoder, &summary);
		stream_free(stream);
	}
	encoder_free(&encoder);
	return stream ? result : -1;
}
